//! `completions` and `man`: what shells and readers of manuals know of the command line.

use std::{fs, io, path::Path};

use anyhow::Context as _;
use clap::CommandFactory as _;

use crate::{
    cli::{Cli, Completions, Man},
    oneshot::print_bytes,
};

/// Prints a shell's completions.
///
/// # Errors
/// When they cannot be printed.
pub(crate) fn completions(command: &Completions) -> anyhow::Result<()> {
    let mut cli = Cli::command();
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut cli, "chat2svg", &mut script);
    print_bytes(&script)
}

/// Prints the man page, or writes all pages into a folder.
///
/// # Errors
/// When they cannot be printed or written.
pub(crate) fn man(command: &Man) -> anyhow::Result<()> {
    match &command.folder {
        Some(folder) => {
            write_pages(folder).with_context(|| format!("cannot write to {}", folder.display()))
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            print_bytes(&page)
        }
    }
}

fn write_pages(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)
}
