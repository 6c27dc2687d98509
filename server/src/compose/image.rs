//! Names of images.

/// Whether the text is an image reference: `[host[:port]/]path[:tag][@digest]`.
pub fn is_reference(text: &str) -> bool {
    if text.len() > 512 {
        return false;
    }
    let (text, digest) = match text.split_once('@') {
        Some((text, digest)) => (text, Some(digest)),
        None => (text, None),
    };
    let (name, tag) = match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    };
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" || host.starts_with('[') => {
            (Some(host), path)
        }
        _ => (None, name),
    };
    host.is_none_or(is_host)
        && path.split('/').all(is_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let in_brackets = host.starts_with('[') && host.ends_with(']');
    let letters =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-') || (in_brackets && matches!(c, ':' | '[' | ']'));
    !host.is_empty() && host.chars().all(letters) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_component(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    ends(text.chars().next())
        && ends(text.chars().last())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'))
        && !text.contains("..")
        && !text.contains("___")
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty()
            && hex.len() >= 32
            && hex.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn references_are_told_from_other_texts() {
        let digest = "a".repeat(64);
        let good = [
            "nginx",
            "nginx:1.27",
            "library/nginx",
            "ghcr.io/a/b-c_d/e.f:v1.0_x",
            "localhost:5000/app",
            "localhost/app:x",
            "127.0.0.1:5000/team/app:latest",
            "[::1]:5000/app",
            "HOST.example/app",
        ];
        for text in good {
            assert!(is_reference(text), "{text}");
        }
        assert!(is_reference(&format!("nginx@sha256:{digest}")));
        assert!(is_reference(&format!("nginx:1@sha256:{digest}")));
        for text in [
            "",
            "Nginx",
            "ngi nx",
            "nginx:",
            ":1",
            "a//b",
            "/a",
            "a/",
            "nginx:la test",
            "a..b",
            "-a",
            "nginx@sha256:12",
            "a:b:c",
            "host.example:99999/a",
        ] {
            assert!(!is_reference(text), "{text}");
        }
    }
}
