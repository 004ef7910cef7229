//! From the settings to a model.

use std::sync::Arc;

use chat2svg_gateway::{AddressError, Gateway, GatewayError, KeyError, Ledger};
use thiserror::Error;

use crate::{
    Automatic1111, ComfyUi, ImageModel, ImagegenConfig, OpenAiImages, Provider, Workflow,
    WorkflowError,
};

/// Why the configured model cannot be used.
#[derive(Debug, Error)]
pub enum SetupError {
    /// Its address is none.
    #[error("imagegen.base_url {0}")]
    Address(#[from] AddressError),
    /// Its key cannot be used.
    #[error("imagegen: {0}")]
    Key(#[from] KeyError),
    /// There is no key, and the provider takes no calls without one.
    #[error("imagegen: there is no key in {0}; set it, or set imagegen.provider to \"none\"")]
    NoKey(String),
    /// Its client cannot be set up.
    #[error("imagegen: {0}")]
    Gateway(#[from] GatewayError),
    /// Its workflow cannot be used.
    #[error("imagegen.workflow: {0}")]
    Workflow(#[from] WorkflowError),
}

/// The model that is configured, if any. Calls nobody.
///
/// # Errors
/// When the settings cannot be used.
pub fn image_model(
    config: &ImagegenConfig,
    ledger: Arc<dyn Ledger>,
) -> Result<Option<Arc<dyn ImageModel>>, SetupError> {
    let Some(id) = config.backend() else {
        return Ok(None);
    };
    let source = config.key_source();
    let key = source.read()?;
    let is_keyless = key.is_none();
    let address = config.address()?;
    let gateway = Gateway::new(id.as_str(), address, key, config.calls.clone(), ledger)?;
    let model: Arc<dyn ImageModel> = match config.provider {
        Provider::None => return Ok(None),
        Provider::Comfyui => {
            let workflow = Workflow::named(&config.workflow)?;
            Arc::new(ComfyUi::new(gateway, config, workflow))
        }
        Provider::Automatic1111 => Arc::new(Automatic1111::new(gateway, config)),
        Provider::OpenAi => {
            if is_keyless && config.base_url.trim().is_empty() {
                return Err(SetupError::NoKey(source.describe()));
            }
            Arc::new(OpenAiImages::new(gateway, config))
        }
    };
    Ok(Some(model))
}
