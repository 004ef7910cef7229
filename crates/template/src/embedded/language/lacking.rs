//! Words that rule out a thing by themselves: "cloudless", "moonless", "cloud-free".

use super::tokens::Token;
use crate::embedded::lookup::Vocabulary;

/// Takes such words out of the tokens; returns each as written, with its noun.
pub(super) fn take_out(tokens: &mut Vec<Token>, vocabulary: &Vocabulary) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let Token::Word(word) = token else {
            index += 1;
            continue;
        };
        if word.key == "no"
            && let Some(noun) = before_setting(&tokens[index + 1..], vocabulary)
        {
            found.push((format!("{} {noun}", word.original), noun));
            tokens.drain(index..index + 2);
            continue;
        }
        let followed_by_free = matches!(
            tokens.get(index + 1),
            Some(Token::Word(next)) if next.key == "free" && next.follows_hyphen
        );
        let stem = word.key.strip_suffix("less");
        let noun = match stem {
            _ if followed_by_free => word.key.as_str(),
            Some(stem) if vocabulary.senses(&word.key).is_none() => stem,
            _ => {
                index += 1;
                continue;
            }
        };
        let is_thing = vocabulary
            .senses(noun)
            .is_some_and(|senses| senses.picture.is_some() || senses.setting.is_some());
        // "Cloudless sky" is a phrase of its own, but the noun is ruled out all the same.
        if is_thing {
            found.push((word.original.clone(), noun.to_owned()));
            tokens.drain(index..=index + usize::from(followed_by_free));
        } else {
            index += 1;
        }
    }
    found
}

/// "No moon night": a night without a moon. "No night sky" rules out the sky.
fn before_setting(after: &[Token], vocabulary: &Vocabulary) -> Option<String> {
    let [Token::Word(noun), Token::Word(setting), ..] = after else {
        return None;
    };
    let senses = |key: &str| vocabulary.senses(key);
    let is_thing = senses(&noun.key).is_some_and(|senses| senses.picture.is_some());
    let is_setting = senses(&setting.key).is_some_and(|senses| {
        senses.picture.is_none() && senses.setting.is_some_and(|setting| !setting.only_in)
    });
    let is_phrase = senses(&format!("{} {}", noun.key, setting.key)).is_some();
    (is_thing && is_setting && !is_phrase).then(|| noun.key.clone())
}
