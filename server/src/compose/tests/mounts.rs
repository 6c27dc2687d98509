//! `volumes`, `tmpfs` and the file's own volumes.

use super::*;
use crate::compose::{Mount, MountKind, Propagation, Recursive, SelinuxLabel};

fn file(mounts: &str) -> String {
    format!("{}volumes:\n  data:\n", file_of(mounts))
}

fn mounts(lines: &str) -> Vec<Mount> {
    read(&file(lines)).project.services["a"].volumes.clone()
}

fn one(lines: &str) -> Mount {
    let found = mounts(lines);
    assert_eq!(found.len(), 1);
    found[0].clone()
}

#[test]
fn short_and_long_forms_are_the_same() {
    for (short, long) in [
        ("data:/x", "{type: volume, source: data, target: /x}"),
        ("data:/x:ro", "{type: volume, source: data, target: /x, read_only: true}"),
        ("data:/x/:nocopy", "{type: volume, source: data, target: /x, volume: {nocopy: true}}"),
        ("/x", "{type: volume, target: /x}"),
        ("/srv/a:/x", "{type: bind, source: /srv/a, target: /x}"),
        (
            "/srv:/x:rslave,Z,ro",
            "{type: bind, source: /srv, target: //x, read_only: true, bind: {propagation: rslave, selinux: Z}}",
        ),
    ] {
        assert_eq!(one(&format!("volumes: ['{short}']")), one(&format!("volumes: [{long}]")), "{short}");
    }
}

#[test]
fn what_only_the_long_form_says_is_read() {
    let MountKind::Bind { create_host_path, propagation, recursive, selinux, .. } = one(
        "volumes: [{type: bind, source: /s, target: /t, bind: {create_host_path: false, propagation: shared, recursive: readonly, selinux: z}}]",
    )
    .kind
    else {
        panic!("no bind mount")
    };
    assert!(!create_host_path);
    assert_eq!(
        (propagation, recursive, selinux),
        (Some(Propagation::Shared), Some(Recursive::Readonly), Some(SelinuxLabel::Shared))
    );
    let MountKind::Volume { subpath, labels, .. } =
        one("volumes: [{type: volume, source: data, target: /t, volume: {subpath: a/b, labels: {l: '1'}}}]").kind
    else {
        panic!("no volume")
    };
    assert_eq!((subpath.as_deref(), labels["l"].as_str()), (Some("a/b"), "1"));
    let tmpfs = MountKind::Tmpfs { size_bytes: Some(64 << 20), mode: Some(0o1777), options: vec![] };
    assert_eq!(one("volumes: [{type: tmpfs, target: /t, tmpfs: {size: 64m, mode: '1777'}}]").kind, tmpfs);
    assert_eq!(one("tmpfs: /t:size=64m,mode=1777").kind, tmpfs);
    let image = MountKind::Image { source: "other:1".to_owned(), subpath: Some("d".to_owned()) };
    assert_eq!(one("volumes: [{type: image, source: 'other:1', target: /t, image: {subpath: d}}]").kind, image);
}

#[test]
fn tmpfs_is_a_mount_like_others() {
    let found = mounts("volumes: ['data:/d']\ntmpfs: [/run, '/tmp:ro,noexec,uid=5']");
    assert_eq!(found.iter().map(|mount| mount.target.as_str()).collect::<Vec<_>>(), ["/d", "/run", "/tmp"]);
    assert!(found[2].read_only);
    assert!(matches!(&found[2].kind, MountKind::Tmpfs { options, .. } if options == &["noexec", "uid=5"]));
    for wrong in ["/t:size=big", "/t:mode=9", "/t:other=1"] {
        assert_eq!(service_errors(&format!("tmpfs: '{wrong}'")), "4:12 services.a.tmpfs tmpfs_option", "{wrong}");
    }
}

#[test]
fn wrong_mounts_are_told_apart() {
    for (mount, code) in [
        ("'data:'", "volume_invalid"),
        ("':/x'", "volume_invalid"),
        ("''", "volume_invalid"),
        ("'a:b:c:d'", "volume_invalid"),
        ("'data:x'", "volume_target"),
        ("'data:/'", "volume_target"),
        ("'data:/a/..'", "volume_target"),
        ("'data:/x:rx'", "volume_option"),
        ("'./data:/x'", "bind_relative"),
        ("'~/data:/x'", "bind_relative"),
        ("'..:/x'", "bind_relative"),
        ("'C:\\data:/x'", "bind_windows"),
        ("'C:/data:/x'", "bind_windows"),
        ("'nobody:/x'", "volume_undefined"),
    ] {
        assert_eq!(
            errors(&file(&format!("volumes: [{mount}]"))),
            format!("4:15 services.a.volumes[0] {code}"),
            "{mount}"
        );
    }
    for (mount, found) in [
        ("{target: /x}", "4:15 services.a.volumes[0] missing_key"),
        ("{type: volume}", "4:15 services.a.volumes[0] missing_key"),
        ("{type: bind, target: /x}", "4:15 services.a.volumes[0] missing_key"),
        ("{type: npipe, target: /x}", "4:22 services.a.volumes[0].type volume_type_unsupported"),
        ("{type: disk, target: /x}", "4:22 services.a.volumes[0].type expected_one_of"),
        ("{type: bind, source: a, target: /x}", "4:36 services.a.volumes[0].source bind_relative"),
        ("{type: volume, target: /x, tmpfs: {size: 1m}}", "4:42 services.a.volumes[0].tmpfs volume_options_misplaced"),
        (
            "{type: bind, source: /s, target: /x, bind: {propagation: up}}",
            "4:72 services.a.volumes[0].bind.propagation expected_one_of",
        ),
    ] {
        assert_eq!(errors(&file(&format!("volumes: [{mount}]"))), found, "{mount}");
    }
    assert_eq!(errors(&file("volumes: ['data:/x', '/s:/x/']")), "4:26 services.a.volumes[1] mount_twice");
    assert_eq!(errors(&file("volumes: ['data:/x']\ntmpfs: /x")), "5:12 services.a.tmpfs mount_twice");
    assert_eq!(warnings(&file("volumes: ['/s:/x:cached']")), "4:15 services.a.volumes[0] no_effect_consistency");
}

#[test]
fn volumes_of_the_file_have_a_name_on_the_engine() {
    let text = "services: {a: {image: i}}\nvolumes:\n  plain:\n  named: {name: kept, driver: local, driver_opts: {type: nfs, o: 5}, labels: [x=y]}\n  outside: {external: true}\n  old: {external: {name: older}}\n";
    let parsed = read(text);
    let name = |key: &str| parsed.project.volumes[key].engine_name("shop", key);
    assert_eq!(["plain", "named", "outside", "old"].map(name), ["shop_plain", "kept", "outside", "older"]);
    assert_eq!(parsed.project.volumes["named"].driver_opts["o"], "5");
    assert!(parsed.project.volumes["outside"].external);
    assert_eq!(show(&parsed.warnings), "6:20 volumes.old.external.name external_name_obsolete");
    assert_eq!(
        errors("services: {a: {image: i}}\nvolumes: {v: {external: true, driver: x}}\n"),
        "2:31 volumes.v.driver external_options"
    );
}
