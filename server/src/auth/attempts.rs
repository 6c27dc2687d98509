//! The limits on guessing: failed attempts per account and per address, forgotten at a steady pace.
//!
//! Only failures count, so that a busy account is not locked by its own success; an attempt is counted before its
//! outcome is known and given back when it succeeds, so that many at once do not slip through.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many failures are allowed at once, and how long until one is forgotten.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Failures allowed at once.
    pub burst: u32,
    /// The time after which one failure is forgotten.
    pub forget_one: Duration,
}

const ACCOUNT: Limit = Limit { burst: 8, forget_one: Duration::from_secs(30) };
/// More than an account's: many people can share an address.
const ADDRESS: Limit = Limit { burst: 40, forget_one: Duration::from_secs(10) };
/// Beyond this many keys, those with the fewest failures are dropped: what is under attack stays limited.
const MOST_KEYS: usize = 50_000;

/// The failed attempts of late.
#[derive(Debug)]
pub struct Attempts {
    accounts: Mutex<Failures<String>>,
    addresses: Mutex<Failures<IpAddr>>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { accounts: Mutex::new(Failures::new(ACCOUNT)), addresses: Mutex::new(Failures::new(ADDRESS)) }
    }
}

impl Attempts {
    /// Counts an attempt on an account from an address, or says how long to wait until the next one is allowed.
    pub fn start(&self, account: &str, address: IpAddr) -> Result<(), Duration> {
        self.start_at(account, address, Instant::now())
    }

    /// Gives an attempt back that turned out right, and forgets the account's failures.
    pub fn succeeded(&self, account: &str, address: IpAddr) {
        lock(&self.accounts).counts.remove(&account.to_lowercase());
        lock(&self.addresses).give_back(&network(address));
    }

    /// Gives an attempt back that was neither wrong nor enough: the account's failures stay.
    pub fn give_back(&self, account: &str, address: IpAddr) {
        lock(&self.accounts).give_back(&account.to_lowercase());
        lock(&self.addresses).give_back(&network(address));
    }

    /// Counts an attempt from an address alone, where no account is named.
    pub fn start_from(&self, address: IpAddr) -> Result<(), Duration> {
        lock(&self.addresses).take(network(address), Instant::now())
    }

    /// Gives back an attempt from an address.
    pub fn succeeded_from(&self, address: IpAddr) {
        lock(&self.addresses).give_back(&network(address));
    }

    fn start_at(&self, account: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let network = network(address);
        lock(&self.addresses).take(network, now)?;
        lock(&self.accounts).take(account.to_lowercase(), now).inspect_err(|_| {
            // A refused attempt guessed nothing: it must not spend what others at this address need.
            lock(&self.addresses).give_back(&network);
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// One household has 2^64 addresses of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[derive(Debug)]
struct Failures<K> {
    limit: Limit,
    counts: HashMap<K, (f64, Instant)>,
}

impl<K: Hash + Eq + Clone> Failures<K> {
    fn new(limit: Limit) -> Self {
        Self { limit, counts: HashMap::new() }
    }

    fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        if self.counts.len() >= MOST_KEYS && !self.counts.contains_key(&key) {
            self.shrink(now);
        }
        let forget_one = self.limit.forget_one;
        let (count, since) = self.counts.entry(key).or_insert((0.0, now));
        let left = remaining(*count, *since, now, forget_one);
        if left + 1.0 > f64::from(self.limit.burst) {
            return Err(forget_one.mul_f64((left + 1.0 - f64::from(self.limit.burst)).max(0.0)));
        }
        (*count, *since) = (left + 1.0, now);
        Ok(())
    }

    fn give_back(&mut self, key: &K) {
        if let Some((count, _)) = self.counts.get_mut(key) {
            *count = (*count - 1.0).max(0.0);
        }
    }

    fn shrink(&mut self, now: Instant) {
        let forget_one = self.limit.forget_one;
        self.counts.retain(|_, (count, since)| remaining(*count, *since, now, forget_one) > 0.0);
        if self.counts.len() >= MOST_KEYS {
            self.counts.retain(|_, (count, since)| remaining(*count, *since, now, forget_one) > 1.0);
        }
    }
}

fn remaining(count: f64, since: Instant, now: Instant, forget_one: Duration) -> f64 {
    let forgotten = now.saturating_duration_since(since).as_secs_f64() / forget_one.as_secs_f64();
    (count - forgotten).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_ninth_failure_waits_and_another_account_does_not() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for _ in 0..8 {
            attempts.start_at("Ada", address("192.0.2.1"), now).unwrap();
        }
        let wait = attempts.start_at("ada", address("192.0.2.2"), now).unwrap_err();
        assert_eq!(wait, ACCOUNT.forget_one);
        attempts.start_at("bob", address("192.0.2.1"), now).unwrap();
        attempts.start_at("ada", address("192.0.2.2"), now + ACCOUNT.forget_one).unwrap();
    }

    #[test]
    fn an_address_that_tries_many_accounts_waits_too() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for number in 0..ADDRESS.burst {
            attempts.start_at(&format!("user{number}"), address("2001:db8::1"), now).unwrap();
        }
        assert!(attempts.start_at("fresh", address("2001:db8::ffff"), now).is_err(), "the same /64");
        assert!(attempts.start_at("fresh", address("2001:db8:0:1::1"), now).is_ok());
    }

    #[test]
    fn success_costs_nothing() {
        let attempts = Attempts::default();
        for _ in 0..100 {
            attempts.start("ada", address("192.0.2.1")).unwrap();
            attempts.succeeded("ada", address("192.0.2.1"));
        }
    }

    #[test]
    fn half_a_success_forgets_no_failure() {
        let attempts = Attempts::default();
        for _ in 0..7 {
            attempts.start("ada", address("192.0.2.1")).unwrap();
        }
        for _ in 0..20 {
            attempts.start("ada", address("192.0.2.1")).unwrap();
            attempts.give_back("Ada", address("192.0.2.1"));
        }
        attempts.start("ada", address("192.0.2.1")).unwrap();
        assert!(attempts.start("ada", address("192.0.2.1")).is_err());
    }

    #[test]
    fn a_flood_of_names_does_not_free_the_account_under_attack() {
        let mut failures = Failures::new(ACCOUNT);
        let now = Instant::now();
        for _ in 0..8 {
            failures.take("victim".to_owned(), now).unwrap();
        }
        for number in 0..=MOST_KEYS {
            let _ = failures.take(format!("n{number}"), now);
        }
        assert!(failures.take("victim".to_owned(), now).is_err());
        assert!(failures.counts.len() <= MOST_KEYS);
    }
}
