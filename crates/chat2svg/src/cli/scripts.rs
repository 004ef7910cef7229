//! The command line of `scripts`: the original's flags under their names.

use std::path::PathBuf;

use chat2svg_scripts::{InvalidTarget, TargetName};
use clap::{Args, Subcommand};

/// Which of the original's scripts.
#[derive(Debug, Subcommand)]
pub(crate) enum Scripts {
    /// A drawing from words: T_template.svg.
    #[command(
        infer_long_args = true,
        after_help = "Example, in 1_template_generation:\n  chat2svg scripts stage1 --target apple --output_path ../output --output_folder example_generation/apple"
    )]
    Stage1(Box<Stage1>),
    /// A richer target, and new shapes for it: T_target.png, T_with_new_path.svg.
    #[command(
        infer_long_args = true,
        after_help = "Example, in 2_detail_enhancement:\n  chat2svg scripts stage2 --target apple --output_path ../output --output_folder example_generation/apple"
    )]
    Stage2(Box<Stage2>),
    /// Shapes fitted to the target: T_optim_latent.svg, T_optim_point.svg.
    #[command(
        infer_long_args = true,
        after_help = "Example, in 3_svg_optimization:\n  chat2svg scripts stage3 --target apple --svg_folder ../output/example_generation/apple"
    )]
    Stage3(Box<Stage3>),
    /// All three stages, from wherever a folder stands.
    #[command(
        infer_long_args = true,
        after_help = "Example:\n  chat2svg scripts run --target fox --prompt \"a red fox under a green tree\" --output_path output"
    )]
    Run(Box<Run>),
}

/// What is drawn.
#[derive(Clone, Debug, Args)]
pub(crate) struct Subject {
    /// What is drawn; part of all files' names.
    #[arg(long, value_name = "T", value_parser = target)]
    pub(crate) target: TargetName,
    /// What it shows, in words; without it, what the folder was begun with, the checkout's caption
    /// for the target, or the target itself.
    #[arg(long)]
    pub(crate) prompt: Option<String>,
    /// The folder that holds .env, utils and output; without it the one above a folder of the
    /// original's stages, or this one.
    #[arg(long = "system_path", value_name = "FOLDER")]
    pub(crate) system_path: Option<PathBuf>,
}

fn target(text: &str) -> Result<TargetName, InvalidTarget> {
    text.parse()
}

/// Where files are.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// The folder of all results [default: output in the folder above].
    #[arg(long = "output_path", value_name = "FOLDER")]
    pub(crate) output_path: Option<PathBuf>,
    /// The target's folder below it [default: example_generation/T].
    #[arg(long = "output_folder", value_name = "FOLDER")]
    pub(crate) output_folder: Option<PathBuf>,
}

/// Options of `scripts stage1`.
#[derive(Debug, Args)]
pub(crate) struct Stage1 {
    #[command(flatten)]
    pub(crate) subject: Subject,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) flags: TemplateFlags,
}

/// Options of `scripts stage2`.
#[derive(Debug, Args)]
pub(crate) struct Stage2 {
    #[command(flatten)]
    pub(crate) subject: Subject,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Varies what is left to chance [default: 0].
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) flags: DetailFlags,
}

/// Options of `scripts stage3`.
#[derive(Debug, Args)]
pub(crate) struct Stage3 {
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// The target's folder.
    #[arg(long = "svg_folder", value_name = "FOLDER")]
    pub(crate) svg_folder: PathBuf,
    /// Varies what is left to chance [default: 42].
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) flags: OptimizeFlags,
}

/// Options of `scripts run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) subject: Subject,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Varies what is left to chance.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) template: TemplateFlags,
    #[command(flatten)]
    pub(crate) detail: DetailFlags,
    #[command(flatten)]
    pub(crate) optimize: OptimizeFlags,
}

/// Flags of stage 1.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Stage 1")]
pub(crate) struct TemplateFlags {
    /// Side of the square canvas [default: 512].
    #[arg(long, value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub(crate) viewbox: Option<u32>,
    /// Rounds of mending; without a model, drawings beside the first [default: 2].
    #[arg(long = "refine_iter", value_parser = clap::value_parser!(u32).range(0..=64))]
    pub(crate) refine_iter: Option<u32>,
    /// The language model [default: the service's usual one].
    #[arg(long)]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) rest: TemplateRest,
}

/// Flags of stage 2.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Stage 2")]
pub(crate) struct DetailFlags {
    /// Steps of the image model; without it, as section imagegen of the settings says.
    #[arg(long = "num_inference_steps", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) num_inference_steps: Option<u32>,
    /// Pictures of the image model, the best of which is the target.
    #[arg(long = "num_images_per_prompt", value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(crate) num_images_per_prompt: Option<u32>,
    /// How closely the image model follows the template, 0 to 2.
    #[arg(long = "controlnet_conditioning_scale", allow_negative_numbers = true)]
    pub(crate) controlnet_conditioning_scale: Option<f32>,
    /// How closely the image model follows the words.
    #[arg(long = "guidance_scale", allow_negative_numbers = true)]
    pub(crate) guidance_scale: Option<f32>,
    /// How far the image model may leave the template, 0 to 1.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) strength: Option<f32>,
    /// Blur of template_blurred.png in pixels; image models are led by the sharp template
    /// [default: 7].
    #[arg(long = "blur_radius", allow_negative_numbers = true)]
    pub(crate) blur_radius: Option<f32>,
    /// Overlap with a shape of the template above which a region of the target is no new shape
    /// [default: 0.4].
    #[arg(long = "thresh_iou", allow_negative_numbers = true)]
    pub(crate) thresh_iou: Option<f64>,
    /// Share of a new shape that must be seen [default: 0.2].
    #[arg(long = "thresh_visible_area_ratio", allow_negative_numbers = true)]
    pub(crate) thresh_visible_area_ratio: Option<f64>,
    /// Largest area of a new shape, as a share of the second largest region [default: 0.5].
    #[arg(long = "thresh_area_ub_ratio", allow_negative_numbers = true)]
    pub(crate) thresh_area_ub_ratio: Option<f64>,
    /// Least area of a new shape in pixels [default: 30].
    #[arg(long = "thresh_area_lb", allow_negative_numbers = true)]
    pub(crate) thresh_area_lb: Option<f64>,
    #[command(flatten)]
    pub(crate) rest: DetailRest,
}

/// Flags of stage 3.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Stage 3")]
pub(crate) struct OptimizeFlags {
    /// Side in pixels of the first half of the fit, and of T_optim_latent.svg [default: 224].
    #[arg(long = "output_size", value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub(crate) output_size: Option<u32>,
    /// Steps of the first half [default: 500].
    #[arg(long = "epoch_img_optim", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) epoch_img_optim: Option<u32>,
    /// Steps of the second half [default: 500].
    #[arg(long = "epoch_point_optim", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) epoch_point_optim: Option<u32>,
    /// Steps between two working papers [default: 100].
    #[arg(long = "log_every", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) log_every: Option<u32>,
    #[command(flatten)]
    pub(crate) rest: OptimizeRest,
}

/// Flags that are taken, and mean nothing here; those that were given are told.
macro_rules! rest {
    ($(#[$about:meta])* $name:ident { $($flag:ident = $default:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Args)]
        #[command(next_help_heading = "Taken, without a meaning here")]
        pub(crate) struct $name {
            $(
                #[arg(
                    long = stringify!($flag),
                    value_name = $default,
                    num_args = 0..=1,
                    default_missing_value = "True",
                    allow_negative_numbers = true,
                    hide_short_help = true
                )]
                $flag: Option<String>,
            )*
        }

        impl $name {
            /// The flags that were given.
            pub(crate) fn given(&self) -> Vec<&'static str> {
                let all = [$((stringify!($flag), self.$flag.is_some()),)*];
                all.iter().filter(|(_, given)| *given).map(|(flag, _)| *flag).collect()
            }

            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &[&str] = &[$(stringify!($flag),)*];
        }
    };
}

rest! {
    /// Of stage 1.
    TemplateRest {
        reward_model = "ImageReward",
    }
}

rest! {
    /// Of stage 2.
    DetailRest {
        clip_skip = "2",
        diffusion_model_id = "FILE",
        controlnet_id = "NAME",
        sam_checkpoint = "FILE",
        model_type = "vit_h",
        remove_outer_mask = "True",
    }
}

rest! {
    /// Of stage 3.
    OptimizeRest {
        optim_color = "True",
        optim_stroke_width = "True",
        optim_stroke_color = "True",
        optim_opacity = "False",
        initial_stroke_width = "0.8",
        epoch_latent_inversion = "500",
        num_warmup_steps = "100",
        smoothness_weight_latent = "0.0",
        kl_weight_latent = "0.1",
        kl_weight_img = "0.2",
        smoothness_weight_img = "2.0",
        mse_loss_weight_img = "2000",
        enable_path_iou_loss = "False",
        path_iou_loss_weight_img = "1.0",
        curvature_loss_weight_img = "0.01",
        mse_loss_weight_point = "2000",
        smoothness_loss_weight_point = "0",
        c1_loss_weight_point = "0",
        curvature_loss_weight_start_point = "2.0",
        curvature_loss_weight_end_point = "0.1",
        samples_per_cubic = "64",
        vae_optim_config = "FILE",
        vae_pretrained_path = "FILE",
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_scripts::without_meaning;

    use super::*;

    #[test]
    fn every_flag_without_a_meaning_says_why() {
        for all in [TemplateRest::ALL, DetailRest::ALL, OptimizeRest::ALL] {
            let told = without_meaning(all.iter().copied());
            assert_eq!(told.len(), all.len());
        }
    }
}
