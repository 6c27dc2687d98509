//! Made-up files: whatever the text, reading it ends without a panic and with places inside of it.

use super::*;
use crate::compose::{startup_order, variables};

const CASES: u64 = 500;

/// A file with something of everything, to be spoiled.
const SEED: &str = r#"name: shop
x-base: &base
  restart: on-failure:3
  environment: {A: 1, B: "${B:-two ${C}}", D: }
services:
  web:
    <<: *base
    image: registry.example:5000/team/web:${TAG:-1}@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    command: nginx -g 'daemon off;'
    entrypoint: ["/bin/sh", "-c"]
    ports: ["127.0.0.1:8080-8081:80-81/tcp", {target: 53, published: "53", protocol: udp, mode: host}]
    volumes: [data:/data:ro, "/srv:/srv:rslave,z", {type: tmpfs, target: /t, tmpfs: {size: 1g, mode: "1777"}}]
    tmpfs: /run:size=64m,mode=755,noexec
    networks: {front: {aliases: [w], ipv4_address: 172.28.0.5, priority: 10}, default: }
    depends_on: {db: {condition: service_healthy, restart: true}, job: {condition: service_completed_successfully}}
    healthcheck: {test: ["CMD-SHELL", "curl -f localhost"], interval: 1m30s, retries: 3, start_period: 10s}
    deploy: {replicas: 2, resources: {limits: {cpus: "0.5", memory: 64m, pids: 10}, reservations: {devices: [{capabilities: [gpu], count: all}]}}, update_config: {order: start-first, max_failure_ratio: 0.1}}
    secrets: [token, {source: token, target: t2, mode: 0440}]
    configs: [{source: conf, target: /etc/app.conf}]
    extra_hosts: ["a=1.2.3.4", "b:::1"]
    ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 64}
    logging: {driver: json-file, options: {max-size: 10m}}
    devices: ["/dev/null:/dev/x:rw", "vendor.com/gpu=all"]
    env_file: [a.env, {path: b.env, required: false, format: raw}]
    profiles: [one]
  db:
    extends: {service: common, file: common.yaml}
    volumes: !override [data:/var/lib/db]
    labels: ["a=b", c]
    tty: !reset true
  job: {image: job, extends: db, network_mode: none, healthcheck: {disable: true}, stop_grace_period: 1m}
networks:
  front: {driver: bridge, ipam: {config: [{subnet: 172.28.0.0/16, gateway: 172.28.0.1}]}, external: false}
volumes: {data: {driver_opts: {type: nfs}}, old: {external: true, name: kept}}
configs: {conf: {content: "a $$ b\n"}}
secrets: {token: {environment: TOKEN}}
"#;

const PIECES: &[&str] = &[
    "&a ",
    "*a",
    "<<: *base",
    "!reset ",
    "!override ",
    "!!str ",
    "${",
    "}",
    "${A:-",
    "$$",
    "$",
    "'",
    "\"",
    "|\n",
    ">-\n",
    "\\",
    "\n",
    "\n\n",
    "  ",
    "\t",
    "- ",
    ": ",
    ":",
    ", ",
    "[",
    "]",
    "{",
    "}",
    "#",
    "? ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "null",
    "~",
    "true",
    "0",
    "-1",
    "1e9",
    "99999999999999999999",
    "0x",
    "1.5g",
    "10",
    "é",
    "日本",
    "\u{feff}",
    "\u{2028}",
    "\u{85}",
    "\r",
    "\0",
    "services",
    "image",
    "extends",
    "depends_on",
    "ports",
    "volumes",
    "-",
    "/",
    "@",
    "..",
    "=",
    "%",
    "`",
    "&",
    "*",
    "!",
    "|",
];

/// A small generator, so that a failure comes back with its number (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(value).unwrap() % limit
    }

    fn spoil(&mut self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(6) {
            let at = self.below(letters.len() + 1);
            let length = self.below(40).min(letters.len() - at);
            match self.below(5) {
                0 => drop(letters.drain(at..at + length)),
                1 => {
                    let piece: Vec<char> = letters[at..at + length].to_vec();
                    let to = self.below(letters.len() + 1);
                    letters.splice(to..to, piece);
                }
                2 => {
                    let length = length.min(1);
                    letters.splice(at..at + length, PIECES[self.below(PIECES.len())].chars());
                }
                3 => {
                    letters.splice(at..at, PIECES[self.below(PIECES.len())].chars());
                }
                _ => letters.truncate(letters.len() - letters.len().min(self.below(30))),
            }
        }
        letters.into_iter().collect()
    }
}

fn check(case: u64, source: &Source) {
    let given = vars(&[("TAG", "2"), ("TOKEN", "secret")]);
    let result = std::panic::catch_unwind(|| {
        let _ = variables(source);
        parse(source, &given)
    });
    let lines = source.text.chars().filter(|c| matches!(c, '\n' | '\r')).count() + 2;
    match result {
        Err(panic) => panic!("case {case} panics ({panic:?}):\n{}", source.text),
        Ok(Ok(parsed)) => {
            startup_order(&parsed.project).unwrap();
            for service in parsed.project.services.values() {
                assert_eq!(service.config_hash(&parsed.project).len(), 64);
            }
            let json = serde_json::to_string(&parsed.project).unwrap();
            assert_eq!(serde_json::from_str::<crate::compose::Project>(&json).unwrap(), parsed.project, "case {case}");
        }
        Ok(Err(found)) => {
            assert!(found.iter().any(|found| found.severity == crate::compose::Severity::Error));
            for found in found.iter().filter(|found| found.file.is_none()) {
                let line = usize::try_from(found.line).unwrap();
                assert!(line >= 1 && found.column >= 1 && line <= lines, "case {case}: {found:?}\n{}", source.text);
            }
        }
    }
}

fn seed() -> Source {
    let mut source = source(SEED);
    source.profiles = vec!["one".to_owned()];
    source.files.insert("a.env".to_owned(), "X=1\nexport Y='two'\nZ=\"$X ${Y:-3}\"\n# done\n".to_owned());
    source.files.insert(
        "common.yaml".to_owned(),
        "services:\n  common: {image: db, ports: [1], environment: [A=1]}\n".to_owned(),
    );
    source
}

#[test]
fn the_unspoilt_file_is_good() {
    let parsed = parse(&seed(), &vars(&[("TAG", "2"), ("TOKEN", "secret")]));
    assert_eq!(parsed.map_err(|found| show(&found)).unwrap().project.services.len(), 3);
}

#[test]
fn spoilt_files_never_panic() {
    for case in 1..=CASES {
        let mut random = Random(case.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut source = seed();
        source.text = random.spoil(&source.text);
        if random.below(4) == 0 {
            for text in source.files.values_mut() {
                *text = random.spoil(text);
            }
        }
        check(case, &source);
    }
}

#[test]
fn soups_of_pieces_never_panic() {
    for case in 1..=CASES {
        let mut random = Random(case.wrapping_mul(0xD134_2543_DE82_EF95));
        let count = random.below(60);
        let text: String = (0..count).map(|_| PIECES[random.below(PIECES.len())]).collect();
        check(case, &source(&text));
        check(case, &source(&file_of(&text)));
    }
}
