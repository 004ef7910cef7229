//! Flags of the original that mean nothing here, and why.

/// A flag without a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaningless {
    /// The flag, without dashes.
    pub flag: &'static str,
    /// Why, for people.
    pub why: &'static str,
}

const NO_REWARD: &str = "drawings are compared by what is measured of them, without a reward model";
const NO_DIFFUSION: &str =
    "no diffusion model runs in this program; [imagegen] says which server is asked";
const NO_SAM: &str = "new shapes are found without a segmentation model";
const NO_VAE: &str = "outlines are fitted without a model of outlines";
const OWN_LOSS: &str = "the fit has weights of its own ([optimize] says how much it may spend)";
const ALWAYS: &str = "the fit decides for each shape what it gains";
const UNUSED: &str = "the original does not use it either";

/// All of them.
const ALL: &[Meaningless] = &[
    of("reward_model", NO_REWARD),
    of("clip_skip", NO_DIFFUSION),
    of("diffusion_model_id", NO_DIFFUSION),
    of("controlnet_id", NO_DIFFUSION),
    of("sam_checkpoint", NO_SAM),
    of("model_type", NO_SAM),
    of("remove_outer_mask", UNUSED),
    of("optim_color", ALWAYS),
    of("optim_stroke_width", ALWAYS),
    of("optim_stroke_color", ALWAYS),
    of("optim_opacity", ALWAYS),
    of("initial_stroke_width", ALWAYS),
    of("epoch_latent_inversion", NO_VAE),
    of("num_warmup_steps", OWN_LOSS),
    of("smoothness_weight_latent", NO_VAE),
    of("kl_weight_latent", NO_VAE),
    of("kl_weight_img", NO_VAE),
    of("smoothness_weight_img", UNUSED),
    of("mse_loss_weight_img", OWN_LOSS),
    of("enable_path_iou_loss", OWN_LOSS),
    of("path_iou_loss_weight_img", OWN_LOSS),
    of("curvature_loss_weight_img", OWN_LOSS),
    of("mse_loss_weight_point", OWN_LOSS),
    of("smoothness_loss_weight_point", UNUSED),
    of("c1_loss_weight_point", UNUSED),
    of("curvature_loss_weight_start_point", OWN_LOSS),
    of("curvature_loss_weight_end_point", OWN_LOSS),
    of("samples_per_cubic", NO_VAE),
    of("vae_optim_config", NO_VAE),
    of("vae_pretrained_path", NO_VAE),
];

const fn of(flag: &'static str, why: &'static str) -> Meaningless {
    Meaningless { flag, why }
}

/// The flags without a meaning among those given.
pub fn without_meaning<'a>(given: impl IntoIterator<Item = &'a str>) -> Vec<Meaningless> {
    let given: Vec<&str> = given.into_iter().collect();
    let is_given = |one: &&Meaningless| given.contains(&one.flag);
    ALL.iter().filter(is_given).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given_is_told_and_each_flag_once() {
        let told = without_meaning(["seed", "clip_skip", "kl_weight_img"]);
        let flags: Vec<_> = told.iter().map(|one| one.flag).collect();
        assert_eq!(flags, ["clip_skip", "kl_weight_img"]);
        for (index, one) in ALL.iter().enumerate() {
            assert!(ALL[..index].iter().all(|other| other.flag != one.flag));
        }
    }
}
