//! Folders under the build's for what is published elsewhere: each made from one list, and anew when that changes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Context, Outcome};
use crate::toolchain;

/// The folder `name` with everything that `list`, a file in the checkout, names. Where it is not there yet, or was made
/// from another list, or `program` within it is gone, `make` fills it, empty.
///
/// # Errors
/// When it cannot be made.
pub fn made(
    name: &str,
    list: &str,
    program: &str,
    make: impl FnOnce(&Path) -> Outcome<()>,
) -> Outcome<PathBuf> {
    let folder = toolchain::target_dir().join(name);
    let wanted = fs::read_to_string(toolchain::root().join(list)).context(format!("reading {list}"))?;
    let mark = folder.join("installed.txt");
    let is_made = fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted);
    if is_made && folder.join(program).exists() {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).context(format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).context(format!("creating {}", folder.display()))?;
    make(&folder)?;
    fs::write(&mark, wanted).context(format!("writing {}", mark.display()))?;
    Ok(folder)
}
