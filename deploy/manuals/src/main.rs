//! Writes the man pages and shell completions of the three programs into a directory, for packages to
//! take from there: `PROGRAM/man` and `PROGRAM/completions`. Nothing of it is kept in the repository,
//! since it follows from the flags' one definition.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Command, CommandFactory as _};
use clap_complete::{Shell, generate_to};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(dir), None) = (arguments.next(), arguments.next()) else {
        bail!("one argument is wanted: the directory to write into");
    };
    write(&PathBuf::from(dir))
}

/// The programs that packages bring.
fn programs() -> [Command; 3] {
    [
        indelible::Cli::command(),
        indelibled::args::Arguments::command(),
        indelible_witness::args::Arguments::command(),
    ]
}

/// Writes what belongs to all programs, over what an earlier run left.
fn write(dir: &Path) -> anyhow::Result<()> {
    for program in programs() {
        let name = program.get_name().to_owned();
        let man = empty(&dir.join(&name).join("man"))?;
        let completions = empty(&dir.join(&name).join("completions"))?;
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            generate_to(shell, &mut program.clone(), &name, &completions)
                .with_context(|| format!("completions of {name} for {shell}"))?;
        }
        clap_mangen::generate_to(program, &man).with_context(|| format!("pages of {name}"))?;
    }
    Ok(())
}

/// A page of a command that there is no more must not be packaged.
fn empty(dir: &Path) -> anyhow::Result<PathBuf> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("{} can not be emptied", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("{} can not be created", dir.display()))?;
    Ok(dir.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of a command and of all below it, joined as pages are named.
    fn pages(command: &Command, name: &str, into: &mut Vec<String>) {
        into.push(format!("{name}.1"));
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            pages(below, &format!("{name}-{}", below.get_name()), into);
        }
    }

    #[test]
    fn every_command_has_a_page_and_every_program_its_completions() {
        let dir = std::env::temp_dir().join(format!("manuals-{}", std::process::id()));
        write(&dir).unwrap();
        fs::write(dir.join("indelibled/man/left-over.1"), "").unwrap();
        write(&dir).unwrap();
        for program in programs() {
            let name = program.get_name();
            let mut wanted = Vec::new();
            pages(&program, name, &mut wanted);
            let mut written: Vec<_> = fs::read_dir(dir.join(name).join("man"))
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            wanted.sort();
            written.sort();
            assert_eq!(written, wanted);
            for file in [format!("{name}.bash"), format!("{name}.fish"), format!("_{name}")] {
                let file = dir.join(name).join("completions").join(file);
                let text = fs::read_to_string(&file).unwrap();
                assert!(text.contains(name), "{}", file.display());
            }
        }
        let page = fs::read_to_string(dir.join("indelibled/man/indelibled-serve.1")).unwrap();
        assert!(page.contains("Seconds that a witness may take to cosign"), "{page}");
        assert!(dir.join("indelible/man/indelible-key-enrol.1").exists());
        fs::remove_dir_all(&dir).unwrap();
    }
}
