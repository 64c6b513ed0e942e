use super::*;

/// Plays the client's lines and answers with the codes, `-` for silence and `+` for a message that is to be kept.
fn play(lines: &[&str], fault: MailFault) -> (Vec<String>, Session) {
    let mut session = Session::default();
    let said = lines.iter().map(|line| match session.take(Line::Whole(line.as_bytes().to_vec()), fault) {
        Next::Say(reply) => reply.0.to_string(),
        Next::Announce => "250-".to_owned(),
        Next::Listen => "-".to_owned(),
        Next::Keep(..) => "+".to_owned(),
        Next::KeepAndVanish(..) => "+!".to_owned(),
        Next::Leave(reply) => format!("{}!", reply.0),
        Next::Vanish => "!".to_owned(),
    });
    (said.collect(), session)
}

#[test]
fn commands_are_answered_as_rfc_5321_says() {
    let long = format!("RCPT TO:<{}@b.example>", "a".repeat(65));
    let long_path = format!("RCPT TO:<a@{}>", "b".repeat(256));
    for (conversation, want) in [
        // The whole way, in any case of letters.
        (
            "EHLO me|MAIL FROM:<a@b.example>|rcpt to:<c@d.example>|DATA|Subject: x||..dot|.|quit",
            "250- 250 250 354 - - - + 221!",
        ),
        ("HELO me|MAIL FROM:<>|RCPT TO:<Postmaster>|DATA|.", "250 250 250 354 +"),
        // Order.
        ("MAIL FROM:<a@b.example>", "503"),
        ("EHLO me|RCPT TO:<c@d.example>", "250- 503"),
        ("EHLO me|DATA", "250- 503"),
        ("EHLO me|MAIL FROM:<a@b.example>|DATA", "250- 250 503"),
        ("EHLO me|MAIL FROM:<a@b.example>|MAIL FROM:<a@b.example>", "250- 250 503"),
        ("EHLO me|MAIL FROM:<a@b.example>|RSET|RCPT TO:<c@d.example>", "250- 250 250 503"),
        ("EHLO me|MAIL FROM:<a@b.example>|EHLO me|RCPT TO:<c@d.example>", "250- 250 250- 503"),
        // After a message everything begins anew.
        ("EHLO me|MAIL FROM:<a@b.example>|RCPT TO:<c@d.example>|DATA|.|DATA", "250- 250 250 354 + 503"),
        // Extensions.
        ("EHLO me|MAIL FROM:<a@b.example> SIZE=10 BODY=8BITMIME SMTPUTF8", "250- 250"),
        ("EHLO me|MAIL FROM:<a@b.example> SIZE=4194305", "250- 552"),
        ("EHLO me|MAIL FROM:<a@b.example> SIZE=-1", "250- 501"),
        ("EHLO me|MAIL FROM:<a@b.example> BODY=BINARYMIME", "250- 501"),
        ("EHLO me|MAIL FROM:<a@b.example> RET=FULL", "250- 555"),
        ("EHLO me|MAIL FROM:<a@b.example>|RCPT TO:<c@d.example> NOTIFY=NEVER", "250- 250 555"),
        // Addresses.
        ("EHLO me|MAIL FROM:<@relay.example:a@b.example>|RCPT TO:<\"c>d\"@e.example>", "250- 250 250"),
        ("EHLO me|MAIL FROM:<a@[127.0.0.1]>|RCPT TO:<jürgen@bücher.example>", "250- 250 250"),
        ("EHLO me|MAIL FROM:a@b.example", "250- 501"),
        ("EHLO me|MAIL FROM: <a@b.example>", "250- 501"),
        ("EHLO me|MAIL FROM:<a@b.example", "250- 501"),
        ("EHLO me|MAIL FROM:<a@b.example>x", "250- 501"),
        ("EHLO me|MAIL FROM:<nobody>|MAIL FROM:<a b@c.example>|MAIL FROM:<a@b@c>", "250- 553 553 553"),
        ("EHLO me|MAIL FROM:<a@b.example>|RCPT TO:<>", "250- 250 553"),
        // What stands alone, what is not here, and what is nothing.
        ("EHLO|HELO|EHLO a b|DATA x|RSET x|QUIT x|VRFY", "501 501 501 501 501 501 501"),
        ("NOOP|NOOP x|HELP|VRFY a", "250 250 214 252"),
        ("STARTTLS|AUTH PLAIN x|EXPN list|BDAT 1", "502 502 502 502"),
        ("HELLO||GET / HTTP/1.1|NOOP\u{0}", "500 500 500 500"),
    ] {
        let lines: Vec<&str> = conversation.split('|').collect();
        assert_eq!(play(&lines, MailFault::None).0.join(" "), want, "{conversation}");
    }
    for (line, want) in [(long.as_str(), "553"), (long_path.as_str(), "501")] {
        let (said, _) = play(&["EHLO me", "MAIL FROM:<a@b.example>", line], MailFault::None);
        assert_eq!(said.last().map(String::as_str), Some(want));
    }
}

fn begun() -> Session {
    play(&["EHLO me", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA"], MailFault::None).1
}

fn whole(line: &[u8]) -> Line {
    Line::Whole(line.to_vec())
}

#[test]
fn a_message_is_what_was_sent_without_the_dots_that_were_put_before() {
    let mut session = begun();
    for line in [&b"Subject: x"[..], b"", b"..", b"...more", b".x", "grüße".as_bytes(), b"QUIT"] {
        assert_eq!(session.take(whole(line), MailFault::None), Next::Listen);
    }
    let envelope = Envelope { from: "a@b.example".into(), to: vec!["c@d.example".into()] };
    let want = "Subject: x\r\n\r\n.\r\n..more\r\nx\r\ngrüße\r\nQUIT\r\n".as_bytes().to_vec();
    assert_eq!(session.take(whole(b"."), MailFault::None), Next::Keep(envelope, want));
}

#[test]
fn a_message_that_breaks_a_limit_is_refused_at_its_end_and_not_kept() {
    let big = vec![b'x'; 900];
    let lines = MESSAGE_BYTES_MAX / 900 + 1;
    for (wrong, want) in [
        (vec![Line::TooLong], 500),
        (vec![Line::Bare], 554),
        // A smuggler's end: the dot counts only between whole line ends.
        (vec![Line::Bare, whole(b"MAIL FROM:<x@y.example>")], 554),
        ((0..lines).map(|_| whole(&big)).collect(), 552),
    ] {
        let mut session = begun();
        for line in wrong {
            assert_eq!(session.take(line, MailFault::None), Next::Listen);
        }
        assert_eq!(session.take(whole(b"after"), MailFault::None), Next::Listen);
        let Next::Say(reply) = session.take(whole(b"."), MailFault::None) else {
            unreachable!("nothing is kept")
        };
        assert_eq!(reply.0, want);
        assert!(!session.in_data());
    }
}

#[test]
fn recipients_and_errors_are_counted() {
    let mut session = play(&["EHLO me", "MAIL FROM:<a@b.example>"], MailFault::None).1;
    for n in 0..=RECIPIENTS_MAX {
        let Next::Say(reply) = session.take(whole(b"RCPT TO:<c@d.example>"), MailFault::None) else {
            unreachable!("recipients are answered")
        };
        assert_eq!(reply.0, if n < RECIPIENTS_MAX { 250 } else { 452 }, "{n}");
    }
    let wrong = vec!["WHAT"; usize::try_from(ERRORS_MAX).unwrap()];
    let (said, _) = play(&wrong, MailFault::None);
    assert!(said.iter().rev().skip(1).all(|code| code == "500"));
    assert_eq!(said.last().map(String::as_str), Some("421!"));
}

#[test]
fn what_is_ordered_goes_wrong() {
    let all = ["EHLO me", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA", "x", "."];
    for (fault, want) in [
        (MailFault::None, "250- 250 250 354 - +"),
        (MailFault::Refuse451, "250- 250 250 354 - 451"),
        (MailFault::Refuse550, "250- 250 550 503 500 500"),
        (MailFault::Drop, "250- 250 250 354 - !"),
        (MailFault::KeepThenDrop, "250- 250 250 354 - +!"),
    ] {
        assert_eq!(play(&all, fault).0.join(" "), want, "{fault:?}");
    }
}
