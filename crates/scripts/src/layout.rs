//! Where the original keeps what: one folder for a target, with files between the stages and a
//! folder of working papers for each stage.

use std::path::{Path, PathBuf};

use crate::TargetName;

/// The file in which we note what we made in a stage.
const RECORDS: &str = "chat2svg.json";

/// A file that one stage hands to the next, or to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Product {
    /// What stage 1 drew.
    Template,
    /// The same as filled cubic curves.
    Clean,
    /// How it looks.
    TemplatePicture,
    /// How it is to look.
    Target,
    /// The clean drawing with shapes for what is new in the target.
    WithNewPaths,
    /// After the first half of stage 3.
    Latent,
    /// The result.
    Points,
}

impl Product {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 7] = [
        Self::Template,
        Self::Clean,
        Self::TemplatePicture,
        Self::Target,
        Self::WithNewPaths,
        Self::Latent,
        Self::Points,
    ];

    fn ending(self) -> &'static str {
        match self {
            Self::Template => "template.svg",
            Self::Clean => "clean.svg",
            Self::TemplatePicture => "template.png",
            Self::Target => "target.png",
            Self::WithNewPaths => "with_new_path.svg",
            Self::Latent => "optim_latent.svg",
            Self::Points => "optim_point.svg",
        }
    }

    /// The file's name.
    pub fn file_name(self, target: &TargetName) -> String {
        format!("{target}_{}", self.ending())
    }

    /// The stage that makes it, from 1.
    pub fn stage(self) -> u8 {
        match self {
            Self::Template => 1,
            Self::Clean | Self::TemplatePicture | Self::Target | Self::WithNewPaths => 2,
            Self::Latent | Self::Points => 3,
        }
    }

    /// What it is made from. The clean drawing is written at every run, so nothing is older than
    /// it.
    pub fn inputs(self) -> &'static [Self] {
        match self {
            Self::Template => &[],
            Self::Clean | Self::TemplatePicture | Self::Target => &[Self::Template],
            Self::WithNewPaths => &[Self::Template, Self::Target],
            Self::Latent => &[Self::WithNewPaths, Self::Target],
            Self::Points => &[Self::Latent, Self::Target],
        }
    }
}

/// What stage 2 tells of who is seen where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segmentation {
    /// The shapes of the template.
    Template,
    /// Those of the target.
    Target,
    /// Those of the target that the template does not have.
    Added,
}

impl Segmentation {
    fn name(self) -> &'static str {
        match self {
            Self::Template => "segmented_template",
            Self::Target => "segmented_target",
            Self::Added => "masks_added",
        }
    }
}

/// The name of mask `index` in a folder of masks.
pub fn mask_name(index: usize) -> String {
    format!("mask_{index:03}.png")
}

/// The folder of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
    target: TargetName,
}

impl Layout {
    /// The target's files in the folder `root`.
    pub fn new(root: impl Into<PathBuf>, target: TargetName) -> Self {
        Self {
            root: root.into(),
            target,
        }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The target.
    pub fn target(&self) -> &TargetName {
        &self.target
    }

    /// Where a product is.
    pub fn product(&self, product: Product) -> PathBuf {
        self.root.join(product.file_name(&self.target))
    }

    /// The folder of a stage's working papers, `stage` from 1.
    pub fn stage(&self, stage: u8) -> PathBuf {
        self.root.join(format!("stage_{stage}"))
    }

    /// With which flags the original ran a stage.
    pub fn config(&self, stage: u8) -> PathBuf {
        self.stage(stage).join("config.yaml")
    }

    /// What we made in a stage, from what.
    pub fn records(&self, stage: u8) -> PathBuf {
        self.stage(stage).join(RECORDS)
    }

    /// The model's expansion of the prompt.
    pub fn raw_prompt(&self) -> PathBuf {
        self.raw("prompt")
    }

    /// The model's reply with candidate `index`.
    pub fn raw_reply(&self, index: usize) -> PathBuf {
        self.raw(&format!("raw{index}"))
    }

    fn raw(&self, what: &str) -> PathBuf {
        let name = format!("{}_{what}", self.target);
        self.stage(1).join("raw_logs").join(name)
    }

    /// Candidate `index` as SVG.
    pub fn candidate_svg(&self, index: usize) -> PathBuf {
        let name = format!("{}_{index}.svg", self.target);
        self.stage(1).join("svg_logs").join(name)
    }

    /// Candidate `index` as a picture.
    pub fn candidate_png(&self, index: usize) -> PathBuf {
        let name = format!("{}_{index}.png", self.target);
        self.stage(1).join("png_logs").join(name)
    }

    /// What the model was asked for the template.
    pub fn prompts(&self) -> PathBuf {
        self.stage(1).join("prompts.yaml")
    }

    /// The clean drawing once more, with its size in its name.
    pub fn sized(&self, side: u32) -> PathBuf {
        self.stage(2).join(format!("{}_{side}.svg", self.target))
    }

    /// The template's picture, blurred: what leads an image model.
    pub fn blurred(&self) -> PathBuf {
        self.stage(2).join("template_blurred.png")
    }

    /// Picture `number` of an image model, from 1, which is the target.
    pub fn target_candidate(&self, number: usize) -> PathBuf {
        self.stage(2).join(format!("target_{number}.png"))
    }

    /// Template, its blurred picture and all candidates side by side.
    pub fn target_grid(&self) -> PathBuf {
        self.stage(2).join("target_grid.png")
    }

    /// Who is seen where, as a picture.
    pub fn segmented(&self, what: Segmentation) -> PathBuf {
        let name = format!("{}.png", what.name());
        self.stage(2).join("sam").join(name)
    }

    /// The folder of the masks that go with it.
    pub fn masks(&self, what: Segmentation) -> PathBuf {
        let name = format!("{}_masks", what.name());
        self.stage(2).join("sam").join(name)
    }

    /// The folder of the masks of what stage 3 begins with.
    pub fn path_masks(&self) -> PathBuf {
        self.stage(3).join("path_mask")
    }

    /// The log of a run of stage 3 that began at a time, written `YYYYmmdd-HH:MM:SS`.
    pub fn log(&self, began: &str) -> PathBuf {
        // A colon is no part of a file's name everywhere.
        let began = match cfg!(windows) {
            true => began.replace(':', "-"),
            false => began.to_owned(),
        };
        self.stage(3).join(format!("log_{began}.log"))
    }

    /// The document behind a product that had to be written with less than it has.
    pub fn document(&self, product: Product) -> PathBuf {
        let name = match product {
            Product::WithNewPaths => "document",
            Product::Latent => "latent_document",
            _ => "whole_document",
        };
        let name = format!("{}_{name}.svg", self.target);
        self.stage(product.stage()).join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_where_the_original_looks_for_them() {
        let layout = Layout::new("out/apple", "apple".parse().unwrap());
        let at = |path: PathBuf| path.to_string_lossy().replace('\\', "/");
        assert_eq!(
            at(layout.product(Product::WithNewPaths)),
            "out/apple/apple_with_new_path.svg"
        );
        assert_eq!(
            at(layout.raw_reply(2)),
            "out/apple/stage_1/raw_logs/apple_raw2"
        );
        assert_eq!(
            at(layout.raw_prompt()),
            "out/apple/stage_1/raw_logs/apple_prompt"
        );
        assert_eq!(
            at(layout.candidate_svg(0)),
            "out/apple/stage_1/svg_logs/apple_0.svg"
        );
        assert_eq!(at(layout.config(3)), "out/apple/stage_3/config.yaml");
        assert_eq!(
            at(layout.target_candidate(4)),
            "out/apple/stage_2/target_4.png"
        );
        assert_eq!(
            at(layout.masks(Segmentation::Added).join(mask_name(7))),
            "out/apple/stage_2/sam/masks_added_masks/mask_007.png"
        );
        assert_eq!(
            at(layout.segmented(Segmentation::Template)),
            "out/apple/stage_2/sam/segmented_template.png"
        );
    }

    #[test]
    fn each_product_is_made_from_earlier_ones() {
        for (index, product) in Product::ALL.into_iter().enumerate() {
            for input in product.inputs() {
                let place = Product::ALL.iter().position(|other| other == input);
                assert!(place.is_some_and(|place| place < index), "{product:?}");
                assert!(input.stage() <= product.stage());
            }
        }
    }
}
