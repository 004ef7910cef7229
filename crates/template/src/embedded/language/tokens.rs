//! A prompt as a sequence of words, emoji, quotations and marks. No meaning is looked up here.

/// One piece of the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word in lower case, with accents of Latin letters folded away.
    Word(Word),
    /// One emoji, as a whole sequence.
    Emoji(String),
    /// Letters in quotation marks, without the marks.
    Quotation(String),
    /// A comma, or what separates like one.
    Comma,
    /// The end of a sentence.
    Stop,
}

/// A word of the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case, accents folded: what is looked up.
    pub(super) key: String,
    /// As it was written.
    pub(super) original: String,
    /// Whether "'s" or "s'" followed.
    pub(super) possessive: bool,
    /// Whether it is written like a name: a capital in a sentence's middle.
    pub(super) named: bool,
    /// Whether a hyphen joins it to the word before.
    pub(super) follows_hyphen: bool,
}

/// Words after this many are not looked at; a longer prompt says nothing that a picture could show.
pub(super) const MAX_TOKENS: usize = 2_000;

/// The longest emoji sequence, in code points (families with skin tones have ten).
const MAX_EMOJI_CHARS: usize = 12;

/// Quotations longer than this many characters are read as ordinary words.
const MAX_QUOTATION_CHARS: usize = 120;

/// Splits a prompt; returns the tokens and how many characters were left unread.
pub(super) fn tokenize(prompt: &str) -> (Vec<Token>, usize) {
    let mut tokens = Vec::new();
    let mut rest = prompt;
    let mut sentence_start = true;
    let mut after_hyphen = false;
    while let Some(first) = rest.chars().next() {
        if tokens.len() >= MAX_TOKENS {
            return (tokens, rest.chars().count());
        }
        if let Some(length) = emoji_length(rest) {
            tokens.push(Token::Emoji(rest[..length].to_owned()));
            rest = &rest[length..];
            sentence_start = false;
        } else if let Some((text, length)) = quotation(rest, tokens.last()) {
            tokens.push(Token::Quotation(text.to_owned()));
            rest = &rest[length..];
            sentence_start = false;
        } else if is_word_char(first) {
            let length = word_length(rest);
            push_word(&rest[..length], sentence_start, &mut tokens);
            if let (true, Some(Token::Word(word))) = (after_hyphen, tokens.last_mut()) {
                word.follows_hyphen = true;
            }
            rest = &rest[length..];
            sentence_start = false;
        } else {
            match first {
                ',' | ';' | ':' | '(' | ')' | '[' | ']' | '–' | '—' | '、' | '،' | '，' | '/'
                | '|' => {
                    push_mark(Token::Comma, &mut tokens);
                }
                '.' | '!' | '?' | '\n' | '。' | '！' | '？' | '।' => {
                    push_mark(Token::Stop, &mut tokens);
                    sentence_start = true;
                }
                '+' | '&' => push_word("and", false, &mut tokens),
                _ => {}
            }
            after_hyphen = first == '-';
            rest = &rest[first.len_utf8()..];
            continue;
        }
        after_hyphen = false;
    }
    (tokens, 0)
}

fn push_mark(mark: Token, tokens: &mut Vec<Token>) {
    match tokens.last_mut() {
        None => {}
        Some(last @ Token::Comma) => *last = mark,
        Some(Token::Stop) => {}
        Some(_) => tokens.push(mark),
    }
}

fn push_word(text: &str, sentence_start: bool, tokens: &mut Vec<Token>) {
    let (stem, possessive) = strip_possessive(text);
    let key = fold(stem);
    if key.is_empty() {
        return;
    }
    let named = !sentence_start && stem.chars().next().is_some_and(char::is_uppercase);
    tokens.push(Token::Word(Word {
        key,
        original: stem.to_owned(),
        possessive,
        named,
        follows_hyphen: false,
    }));
}

fn strip_possessive(text: &str) -> (&str, bool) {
    for ending in ["'s", "’s", "'S", "’S"] {
        if let Some(stem) = text.strip_suffix(ending) {
            return (stem, true);
        }
    }
    for ending in ["s'", "s’"] {
        if text.ends_with(ending) {
            return (text.trim_end_matches(['\'', '’']), true);
        }
    }
    (text.trim_end_matches(['\'', '’']), false)
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c)
}

/// Combining marks of the scripts that write vowels with them; without this, words would break.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{591}'..='\u{5C7}' | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}'
        | '\u{900}'..='\u{903}' | '\u{93A}'..='\u{94F}' | '\u{981}'..='\u{983}' | '\u{9BC}'..='\u{9CD}'
        | '\u{B82}' | '\u{BBE}'..='\u{BCD}' | '\u{E31}' | '\u{E34}'..='\u{E4E}' | '\u{200C}' | '\u{200D}')
}

/// Length in bytes of the word that a text begins with: letters, digits, and apostrophes and points
/// between them.
fn word_length(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        let next_is_word = chars.peek().is_some_and(|(_, next)| is_word_char(*next));
        let belongs = match c {
            '\'' | '’' => {
                // "cats' " closes a plural possessive; "'cat'" closes a quotation and ends the
                // word.
                next_is_word || text[..index].ends_with('s')
            }
            // "1,000" and "3.5" are one number; "e.g" is one word.
            '.' | ',' => {
                next_is_word
                    && text[..index].ends_with(|b: char| b.is_ascii_digit())
                    && chars.peek().is_some_and(|(_, n)| n.is_ascii_digit())
            }
            _ => is_word_char(c) && (index == 0 || emoji_length(&text[index..]).is_none()),
        };
        if !belongs {
            break;
        }
        end = index + c.len_utf8();
    }
    end
}

/// Length in bytes of the emoji that a text begins with.
fn emoji_length(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let may_begin_emoji = match first {
        '#' | '*' | '0'..='9' => text
            .chars()
            .nth(1)
            .is_some_and(|c| matches!(c, '\u{FE0F}' | '\u{20E3}')),
        '©' | '®' => text.chars().nth(1) == Some('\u{FE0F}'),
        _ => matches!(first, '\u{203C}'..='\u{32FF}' | '\u{1F000}'..='\u{1FBFF}'),
    };
    if !may_begin_emoji {
        return None;
    }
    let ends: Vec<usize> = text
        .char_indices()
        .take(MAX_EMOJI_CHARS)
        .map(|(index, c)| index + c.len_utf8())
        .collect();
    ends.into_iter()
        .rev()
        .find(|&end| emojis::get(&text[..end]).is_some())
}

/// The quotation that a text begins with, and its length in bytes with the marks.
fn quotation<'a>(text: &'a str, before: Option<&Token>) -> Option<(&'a str, usize)> {
    let open = text.chars().next()?;
    let closing: &[char] = match open {
        '"' => &['"'],
        '“' | '„' | '”' => &['”', '“'],
        '‘' => &['’'],
        '\'' => &['\''],
        '«' => &['»'],
        '»' => &['«'],
        '「' => &['」'],
        '『' => &['』'],
        '`' => &['`', '\''],
        _ => return None,
    };
    let body = &text[open.len_utf8()..];
    let single = matches!(open, '\'' | '‘');
    if single && matches!(before, Some(Token::Quotation(_))) {
        return None;
    }
    let end = body
        .char_indices()
        .take(MAX_QUOTATION_CHARS)
        .find_map(|(index, c)| {
            let after = body[index + c.len_utf8()..].chars().next();
            // An apostrophe inside a word does not close a single quotation ("'Don't panic'").
            let closes =
                closing.contains(&c) && !(single && after.is_some_and(char::is_alphanumeric));
            closes.then_some((index, index + c.len_utf8()))
        })?;
    let content = body[..end.0].trim();
    let shown = content.trim_end_matches([',', ';']);
    (!shown.is_empty()).then_some((shown, open.len_utf8() + end.1))
}

/// Lower case, without the accents of Latin letters.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' => folded.push('a'),
            'ç' | 'ć' | 'č' => folded.push('c'),
            'ď' | 'đ' => folded.push('d'),
            'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => folded.push('e'),
            'ì'..='ï' | 'ī' | 'į' => folded.push('i'),
            'ł' => folded.push('l'),
            'ñ' | 'ń' | 'ň' => folded.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => folded.push('o'),
            'ř' => folded.push('r'),
            'ś' | 'š' | 'ş' | 'ș' => folded.push('s'),
            'ť' | 'ț' => folded.push('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'ź' | 'ż' | 'ž' => folded.push('z'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            '\u{300}'..='\u{36F}' | '\u{FE0F}' => {}
            '’' => folded.push('\''),
            other => folded.push(other),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(prompt: &str, expected: &str) {
        let shown: Vec<String> = tokenize(prompt)
            .0
            .into_iter()
            .map(|token| match token {
                Token::Word(word) if word.possessive => format!("{}+", word.key),
                Token::Word(word) if word.named => format!("^{}", word.key),
                Token::Word(word) => word.key,
                Token::Emoji(emoji) => format!("<{emoji}>"),
                Token::Quotation(text) => format!("\"{text}\""),
                Token::Comma => ",".to_owned(),
                Token::Stop => ".".to_owned(),
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "{prompt:?}");
    }

    #[test]
    fn words_marks_and_names() {
        check("A red fox, under a tree.", "a red fox , under a tree .");
        check("Salvador Dalí's café-bar", "salvador dali+ cafe bar");
        check(
            "a pick-up truck; 3.5 apples… !!",
            "a pick up truck , 3.5 apples .",
        );
        check("the cats' toys", "the cats+ toys");
        check("salt & pepper", "salt and pepper");
        check("", "");
        check(" \t\u{0}\u{7f} ", "");
    }

    #[test]
    fn quotations() {
        check(
            "a sign that says \"Keep off\"",
            "a sign that says \"Keep off\"",
        );
        check(
            "a book with 'Don't Panic!' on it",
            "a book with \"Don't Panic!\" on it",
        );
        check("the word ‘openai’ written", "the word \"openai\" written");
        check("rock 'n roll", "rock n roll");
        check("«Bonjour» on a mug", "\"Bonjour\" on a mug");
        check("an unclosed \"quotation", "an unclosed quotation");
    }

    #[test]
    fn emoji_are_kept_whole() {
        check("🦊🌲", "<🦊> <🌲>");
        check("👩🏽‍🚀 on 🌕", "<👩🏽‍🚀> on <🌕>");
        check("I ❤️ cats2⃣", "i <❤️> cats <2⃣>");
        check("👨‍👩‍👧‍👦", "<👨‍👩‍👧‍👦>");
    }

    #[test]
    fn other_scripts_are_words() {
        check("красный лис и дом", "красный лис и дом");
        check("赤い狐。山", "赤い狐 . 山");
        check("हिन्दी", "हिन्दी");
    }
}
