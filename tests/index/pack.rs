//! Packs the recorded listings beside this file into the server, so that `indelibled demo` works
//! wherever the program is.
#![allow(clippy::print_stdout)] // cargo reads it

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

#[allow(clippy::print_stdout, reason = "this is how a build script speaks to Cargo")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=tests/index");
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("index.tar.gz");
    let mut archive = tar::Builder::new(GzEncoder::new(File::create(out)?, Compression::best()));
    archive.mode(tar::HeaderMode::Deterministic);
    archive.append_dir_all("simple", "tests/index/simple")?;
    archive.into_inner()?.finish()?;
    Ok(())
}
