//! The fonts that text is set in: Noto Sans, so that a picture looks the same on every machine.

use std::sync::{Arc, LazyLock};

use usvg::fontdb::Database;

/// The family that stands in for all others.
pub(crate) const FAMILY: &str = "Noto Sans";

/// What text that names no family is set in, which is another font in every browser.
pub(super) const UNNAMED: &str = "the browser's own font";

/// The files of all faces.
pub(super) const FACES: [&[u8]; 4] = [
    ttf_noto_sans::REGULAR,
    ttf_noto_sans::BOLD,
    ttf_noto_sans::ITALIC,
    ttf_noto_sans::BOLD_ITALIC,
];

/// The font database, made once.
pub(crate) fn database() -> Arc<Database> {
    static DATABASE: LazyLock<Arc<Database>> = LazyLock::new(|| {
        let mut database = Database::new();
        for face in FACES {
            database.load_font_data(face.to_vec());
        }
        database.set_serif_family(FAMILY);
        database.set_sans_serif_family(FAMILY);
        database.set_cursive_family(FAMILY);
        database.set_fantasy_family(FAMILY);
        database.set_monospace_family(FAMILY);
        Arc::new(database)
    });
    Arc::clone(&DATABASE)
}
