//! Keys that sign tokens: ES256.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// What stands before the point in the DER of a P-256 public key.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A key that signs. Clones are the same key.
#[derive(Clone)]
pub struct Key {
    /// What tokens and the list of keys call it.
    pub kid: String,
    pair: Arc<EcdsaKeyPair>,
}

impl Key {
    /// A new one.
    pub fn new(kid: &str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        Self { kid: kid.to_owned(), pair: Arc::new(pair) }
    }

    /// The public half as the list of keys has it.
    pub fn jwk(&self) -> Value {
        let point = self.point();
        let (x, y) = point[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    }

    /// The public half as a point that is not compressed.
    pub fn point(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    /// The public half as people pass it on.
    pub fn pem(&self) -> String {
        let base64 = STANDARD.encode([&SPKI_PREFIX[..], &self.point()[..]].concat());
        let (first, rest) = base64.split_at(64);
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{rest}\n-----END PUBLIC KEY-----\n")
    }

    /// The signature of a token's first two parts.
    pub fn sign(&self, input: &str) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap().as_ref().to_vec()
    }
}
