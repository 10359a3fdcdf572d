//! Compiles the `.proto` files in pure Rust: no `protoc` needs to be installed.
#![allow(clippy::print_stdout)] // cargo reads it

use std::error::Error;
use std::path::PathBuf;

use prost::Message as _;

const FILES: [&str; 2] = ["indelible/v1/log.proto", "indelible/v1/submit.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("descriptors.bin");
    std::fs::write(out, descriptors.encode_to_vec())?;
    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)?;
    Ok(())
}
