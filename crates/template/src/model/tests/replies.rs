//! Replies of real models, as they are and mangled, through a whole stage.
//!
//! `CHAT2SVG_REPLIES` names the folder of replies (`*.md`, also in folders inside). Without it
//! these tests have nothing to do and say so.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use chat2svg_backends::{Circuits, LineUp};
use chat2svg_protocol::{BackendId, ResourceLevel, messages::TemplateOutput};
use chat2svg_supervision::ComputePool;
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};

use super::{
    mangled::{check_document, fault, mangle},
    runs::{Say, run, stage},
};
use crate::{EmbeddedComposer, embedded::Vocabulary};

const FOLDER: &str = "CHAT2SVG_REPLIES";
/// Mangled replies made of each reply.
const MANGLED: usize = 25;

/// The replies with their names; empty when no folder is named.
fn replies() -> Vec<(PathBuf, String)> {
    let Some(folder) = env::var_os(FOLDER) else {
        eprintln!("skipped: set {FOLDER} to a folder of replies");
        return Vec::new();
    };
    let mut found = Vec::new();
    collect(Path::new(&folder), &mut found);
    assert!(!found.is_empty(), "no replies in {}", folder.display());
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("its entries can be read").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            let text = fs::read_to_string(&path).expect("the reply can be read");
            found.push((path, text));
        }
    }
}

/// Has the stage draw with a model that says this, the embedded composer behind it.
async fn serve(reply: String) -> TemplateOutput {
    let stage = stage(vec![Say::Text(reply.leak())], true);
    let pool = ComputePool::new("replies-test", 1, 16);
    let embedded = EmbeddedComposer::new(Vocabulary::builtin(), pool, stage.progress.clone());
    let line_up = LineUp::new(
        vec![Arc::new(stage.composer), Arc::new(embedded)],
        Circuits::always_closed(),
    );
    let served = line_up.serve(run(ResourceLevel::Minimal)).await;
    served.expect("a mangled reply is no error of the stage")
}

#[actix_rt::test]
async fn every_reply_gives_a_template() {
    for (path, reply) in replies() {
        let output = serve(reply).await;
        let outcome = &output.outcome;
        assert_ne!(
            outcome.served_by,
            BackendId::EMBEDDED,
            "{}: {:?}",
            path.display(),
            outcome.attempts
        );
        check_document(&output.document).unwrap();
        let used = outcome.model.as_ref().expect("a model drew");
        println!("{}: score {:?}", path.display(), used.scores);
    }
}

#[actix_rt::test]
async fn mangled_replies_give_a_template_or_the_embedded_one() {
    let mut runner = TestRunner::deterministic();
    let faults = prop::collection::vec(fault(), 1..4);
    let (mut drawn, mut composed) = (0, 0);
    for (path, reply) in replies() {
        for _ in 0..MANGLED {
            let faults = faults.new_tree(&mut runner).unwrap().current();
            let mangled = faults
                .iter()
                .fold(reply.clone(), |reply, fault| mangle(&reply, fault));
            let output = serve(mangled).await;
            check_document(&output.document).unwrap();
            if output.outcome.served_by == BackendId::EMBEDDED {
                composed += 1;
                let why = &output.outcome.attempts[0].reason;
                println!("{}: {faults:?}: {why:?}", path.display());
            } else {
                drawn += 1;
            }
        }
    }
    println!("{drawn} drawn by the model, {composed} composed instead");
}
