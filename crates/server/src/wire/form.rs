//! Decoding `application/x-www-form-urlencoded` into a tree: `a[b][c]=`, `a[0]=`, `a[]=`.
//!
//! What the Stripe SDKs send, and nothing more forgiving: brackets raw or encoded, spaces as `+` or `%20`, lists by
//! index (with gaps) or by `[]`. Where a plain parameter comes twice, the last one counts.

use super::error::{ApiError, quoted};

/// The most parameters in one request.
pub const PAIRS_MAX: usize = 1_000;
/// The deepest nesting: `a[b][c][d][e][f][g][h]`.
pub const DEPTH_MAX: usize = 8;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// `a=text`
    Text(String),
    /// `a[b]=…`, `a[0]=…`, in the order of first appearance.
    Branch(Vec<(String, Node)>),
}

/// One decoded pair, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// `a[b][c]`, decoded.
    pub name: String,
    /// Decoded.
    pub value: String,
}

/// Splits and decodes. Empty pieces (`a=1&&b=2`, a lone `?`) are passed over.
///
/// # Errors
/// More than [`PAIRS_MAX`] pairs, or bytes that are not UTF-8.
pub fn pairs(encoded: &[u8]) -> Result<Vec<Pair>, ApiError> {
    let mut found = Vec::new();
    for piece in encoded.split(|&b| b == b'&').filter(|piece| !piece.is_empty()) {
        if found.len() == PAIRS_MAX {
            let message = format!("A request may have at most {PAIRS_MAX} parameters.");
            return Err(ApiError::invalid("", None, message));
        }
        let mut halves = piece.splitn(2, |&b| b == b'=');
        let name = decode(halves.next().unwrap_or_default());
        let value = decode(halves.next().unwrap_or_default());
        match (name, value) {
            (Some(name), Some(value)) => found.push(Pair { name, value }),
            (Some(name), None) => {
                let message = format!("The value of {} is not valid UTF-8.", quoted(&name));
                return Err(ApiError::invalid(quoted(&name), None, message));
            }
            (None, _) => return Err(ApiError::invalid("", None, "A parameter's name is not valid UTF-8.")),
        }
    }
    Ok(found)
}

/// `+` is a space, `%XX` a byte; a `%` before anything else stands for itself.
fn decode(encoded: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = encoded.iter().map(|&b| if b == b'+' { b' ' } else { b }).collect();
    String::from_utf8(percent_encoding::percent_decode(&spaced).collect()).ok()
}

/// Grows the tree.
///
/// # Errors
/// Names the parameter whose brackets do not match, that is nested too deep, or that is a text here and an object
/// there.
pub fn tree(pairs: Vec<Pair>) -> Result<Vec<(String, Node)>, ApiError> {
    let mut root = Vec::new();
    for pair in pairs {
        let path = segments(&pair.name)?;
        insert(&mut root, &path, pair.value).map_err(|Conflict| {
            let message =
                format!("Invalid object: {} is given as a text and as an object.", quoted(&pair.name));
            ApiError::invalid(quoted(&pair.name), None, message)
        })?;
    }
    Ok(root)
}

/// `a[b][]` → `a`, `b`, empty.
fn segments(name: &str) -> Result<Vec<&str>, ApiError> {
    let malformed = || {
        let message = format!("The brackets in the parameter {} do not match.", quoted(name));
        ApiError::invalid(quoted(name), "parameter_unknown", message)
    };
    let (head, mut rest) = match name.find('[') {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    if head.is_empty() || head.contains(']') {
        return Err(malformed());
    }
    let mut path = vec![head];
    while !rest.is_empty() {
        let (segment, after) =
            rest.strip_prefix('[').and_then(|r| r.split_once(']')).ok_or_else(malformed)?;
        if segment.contains('[') {
            return Err(malformed());
        }
        if path.len() == DEPTH_MAX {
            let message = format!("The parameter {} is nested deeper than {DEPTH_MAX} levels.", quoted(name));
            return Err(ApiError::invalid(quoted(name), None, message));
        }
        path.push(segment);
        rest = after;
    }
    Ok(path)
}

/// A text and an object under one name.
struct Conflict;

fn insert(entries: &mut Vec<(String, Node)>, path: &[&str], value: String) -> Result<(), Conflict> {
    let Some((segment, rest)) = path.split_first() else { return Err(Conflict) };
    let key = if segment.is_empty() { appended_key(entries, rest) } else { (*segment).to_owned() };
    let found = entries.iter_mut().find(|(name, _)| *name == key);
    match (found, rest.is_empty()) {
        (Some((_, Node::Text(text))), true) => *text = value,
        (Some((_, Node::Branch(children))), false) => return insert(children, rest, value),
        (Some(_), _) => return Err(Conflict),
        (None, true) => entries.push((key, Node::Text(value))),
        (None, false) => {
            let mut children = Vec::new();
            insert(&mut children, rest, value)?;
            entries.push((key, Node::Branch(children)));
        }
    }
    Ok(())
}

/// Which element `[]` means: `a[][x]=1&a[][y]=2` is one element, a second `a[][x]` begins the next.
fn appended_key(entries: &[(String, Node)], rest: &[&str]) -> String {
    let continues = match (entries.last(), rest.first()) {
        (Some((key, Node::Branch(children))), Some(next)) if !next.is_empty() => {
            (!children.iter().any(|(name, _)| name == next)).then(|| key.clone())
        }
        _ => None,
    };
    continues.unwrap_or_else(|| entries.len().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(encoded: &str) -> Result<Vec<(String, Node)>, ApiError> {
        tree(pairs(encoded.as_bytes())?)
    }

    fn show(entries: &[(String, Node)]) -> String {
        let one = |(name, node): &(String, Node)| match node {
            Node::Text(text) => format!("{name}={text}"),
            Node::Branch(children) => format!("{name}{{{}}}", show(children)),
        };
        entries.iter().map(one).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn every_spelling_of_the_sdks_gives_the_same_tree() {
        for (encoded, want) in [
            ("", ""),
            ("a=1&b=2", "a=1,b=2"),
            ("a=1&&b=2&", "a=1,b=2"),
            ("a", "a="),
            ("a=1&a=2", "a=2"),
            ("a[b][c]=x", "a{b{c=x}}"),
            ("a%5Bb%5D%5Bc%5D=x", "a{b{c=x}}"),
            ("a[0]=x&a[1]=y", "a{0=x,1=y}"),
            ("a[7]=x&a[3]=y", "a{7=x,3=y}"),
            ("a[]=x&a[]=y", "a{0=x,1=y}"),
            ("a[][x]=1&a[][y]=2&a[][x]=3", "a{0{x=1,y=2},1{x=3}}"),
            ("a[0][x]=1&a[1][x]=2", "a{0{x=1},1{x=2}}"),
            ("q=a+b%20c%2B", "q=a b c+"),
            ("q=100%", "q=100%"),
            ("q=%zz", "q=%zz"),
            ("n=%C3%BC", "n=ü"),
            ("a[b]=x=y", "a{b=x=y}"),
            ("metadata[a b]=1", "metadata{a b=1}"),
        ] {
            assert_eq!(show(&parse(encoded).unwrap()), want, "{encoded}");
        }
    }

    #[test]
    fn a_refusal_names_the_parameter() {
        for (encoded, param) in [
            ("a[b=1", Some("a[b")),
            ("a]b[=1", Some("a]b[")),
            ("[b]=1", Some("[b]")),
            ("=1", None),
            ("a[b]c=1", Some("a[b]c")),
            ("a[[b]]=1", Some("a[[b]]")),
            ("a=1&a[b]=2", Some("a[b]")),
            ("a[b]=1&a=2", Some("a")),
            ("a[b][c][d][e][f][g][h][i]=1", Some("a[b][c][d][e][f][g][h][i]")),
            ("a=%ff", Some("a")),
            ("%ff=1", None),
        ] {
            let error = parse(encoded).unwrap_err();
            assert_eq!((error.status.as_u16(), error.param.as_deref()), (400, param), "{encoded}");
        }
        assert!(parse("a[b][c][d][e][f][g][h]=1").is_ok());
    }

    #[test]
    fn a_thousand_parameters_are_taken_and_one_more_is_not() {
        let many = |n: usize| (0..n).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&");
        assert_eq!(parse(&many(PAIRS_MAX)).unwrap().len(), PAIRS_MAX);
        assert_eq!(parse(&many(PAIRS_MAX + 1)).unwrap_err().status.as_u16(), 400);
    }
}
