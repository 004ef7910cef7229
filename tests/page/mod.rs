//! The web page in a real browser. Without Chromium these tests do nothing, and fail where `CI` is
//! set. With `AXE_CORE`, the path of axe-core's script, they also check what that library checks.

pub(crate) mod chromium;

use std::fs;

use chat2svg_vector::{DecodeLimits, Raster};
use serde_json::{Value, json};

use crate::keys;
use crate::support::{Daemon, HOUSE, folder, free_port, json as read, text};
use chromium::Page;

/// Violations that axe-core finds, as it names them.
const AXE: &str = "axe.run().then((found) => JSON.stringify(found.violations.map(({ id, nodes }) => \
     [id, nodes.map((node) => node.target.join(' '))])))";

fn page(daemon: &Daemon, path: &str) -> Option<Page> {
    Page::open(&daemon.url(path), 1440, 900)
}

/// A picture that is there already; gives the job's id.
fn drawn(daemon: &Daemon) -> String {
    let mut answer = daemon.post("/v1/svg", &[("accept", "application/json")], HOUSE);
    read(&mut answer)["id"].as_str().unwrap().to_owned()
}

fn result(daemon: &Daemon, id: &str) -> String {
    text(&mut daemon.get(&format!("/v1/jobs/{id}/result.svg")))
}

fn jobs(daemon: &Daemon) -> Vec<Value> {
    let list = read(&mut daemon.get("/v1/jobs"));
    list["jobs"].as_array().unwrap().clone()
}

#[track_caller]
fn assert_accessible(page: &mut Page, state: &str) {
    if let Some(path) = std::env::var_os("AXE_CORE") {
        page.evaluate(&fs::read_to_string(path).unwrap());
        assert_eq!(page.text(AXE), "[]", "{state}");
    }
}

#[test]
fn an_example_is_drawn_shown_saved_and_found_again() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let Some(mut page) = page(&daemon, "/") else {
        return;
    };
    assert_accessible(&mut page, "the opening");
    page.click("[data-example=fox]");
    page.wait_to_see("#actions");
    assert!(page.text("document.title").contains("red fox"));
    assert_ne!(page.text("document.activeElement.localName"), "body");
    let [job] = &jobs(&daemon)[..] else {
        panic!("one job was made");
    };
    let id = job["id"].as_str().unwrap();
    let saved = page.download("#download-svg");
    assert_eq!(String::from_utf8(saved).unwrap(), result(&daemon, id));
    assert_accessible(&mut page, "a result");
    // Its card does not go on saying that it is drawn.
    page.wait_to_see(".card img");
    page.reload();
    page.wait_to_see("#actions");
    let shown = page.text("document.querySelector('#easel-title').textContent");
    assert!(shown.contains("red fox"), "{shown}");
    page.click("#code");
    page.wait_for("document.querySelector('.code')?.textContent.startsWith('<svg')");
    page.click("[data-form=jsx]");
    page.wait_for("document.querySelector('.code').textContent.includes('export default')");
    assert_accessible(&mut page, "the code");
}

#[test]
fn layers_are_edited_and_what_is_saved_is_what_is_shown() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let id = drawn(&daemon);
    let Some(mut page) = page(&daemon, &format!("/#job={id}")) else {
        return;
    };
    let rows = "[...document.querySelectorAll('.layer.depth-0')]";
    page.wait_to_see(".layer");
    let count = page.evaluate(&format!("{rows}.length")).as_u64().unwrap();
    // A name.
    page.click(".layer [data-part=name]");
    page.evaluate("document.querySelector('.layer [data-part=name]').focus()");
    page.press("F2", false);
    page.wait_to_see(".layer-field");
    page.insert("Named \"here\" <now>");
    page.press("Enter", false);
    page.wait_for(
        "document.querySelector('.layer [data-part=name]')?.textContent.startsWith('Named')",
    );
    // A colour.
    page.evaluate(
        "{ const field = document.querySelector('.layer input[type=color]'); field.value = '#12ab34'; \
         field.dispatchEvent(new Event('change')); }",
    );
    // The place.
    page.click("[data-tool=down]");
    let edited = String::from_utf8(page.download("#download-svg")).unwrap();
    assert!(
        edited.contains("Named &quot;here&quot; &lt;now&gt;"),
        "{edited}"
    );
    assert!(edited.contains("#12ab34"), "{edited}");
    // All is hidden, so a PNG shows nothing.
    page.evaluate(&format!(
        "for (let at = 0; at < {rows}.length; at += 1) {rows}[at].querySelector('[data-part=eye]').click()"
    ));
    let png = page.download("#download-png");
    let raster = Raster::decode(&png, &DecodeLimits::default()).unwrap();
    assert!(raster.pixels().iter().all(|pixel| pixel[3] == 0));
    assert_accessible(&mut page, "edited layers");
    // All of it is undone.
    for _ in 0..count + 3 {
        page.click("[data-tool=undo]");
    }
    let saved = page.download("#download-svg");
    assert_eq!(String::from_utf8(saved).unwrap(), result(&daemon, &id));
    page.click("[data-part=name]");
    page.click("[data-tool=delete]");
    page.wait_for(&format!("{rows}.length === {}", count - 1));
    // What was edited is kept as a result of its own; the first stays.
    page.click("[data-tool=save]");
    page.wait_for(&format!("!location.hash.endsWith('{id}')"));
    page.wait_for("document.title.startsWith('Done: a house')");
    page.wait_for(&format!("{rows}.length === {}", count - 1));
    let kept = page.text("location.hash.slice(5)");
    let saved = page.download("#download-svg");
    assert_eq!(String::from_utf8(saved).unwrap(), result(&daemon, &kept));
    assert_eq!(jobs(&daemon).len(), 2);
}

#[test]
fn a_job_that_is_stopped_keeps_the_picture_so_far() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let id = daemon.submit_long();
    let Some(mut page) = page(&daemon, &format!("/#job={id}")) else {
        return;
    };
    page.wait_to_see("#frame");
    page.evaluate("document.querySelector('#cancel').focus()");
    page.click("#cancel");
    page.wait_to_see("#actions");
    assert!(page.text("document.title").starts_with("Stopped"));
    assert_eq!(page.text("document.activeElement.id"), "easel-title");
    let saved = page.download("#download-svg");
    crate::support::assert_svg(&String::from_utf8(saved).unwrap());
    assert_accessible(&mut page, "a stopped job");
    // Elsewhere there is no picture, and the page says so.
    let job = daemon.wait_for_end(&id);
    assert_eq!(job["state"], "cancelled");
}

#[test]
fn a_job_is_followed_and_stopped_after_the_service_was_killed() {
    let folder = folder();
    let address = format!("127.0.0.1:{}", free_port());
    let mut daemon = Daemon::start_at(folder.path(), &[], &address);
    let id = daemon.submit_long();
    let Some(mut page) = page(&daemon, &format!("/#job={id}")) else {
        return;
    };
    page.wait_to_see("#cancel");
    daemon.signal("KILL");
    daemon.wait();
    drop(daemon);
    page.wait_for("document.querySelector('#pulse-text').textContent === 'Not connected'");
    let _daemon = Daemon::start_at(folder.path(), &[], &address);
    page.wait_for("document.querySelector('#pulse-text').textContent !== 'Not connected'");
    // The job was taken up, and is the page's still.
    page.wait_for("document.querySelector('#easel-sub').textContent.startsWith('Drawing')");
    page.click("#cancel");
    page.wait_for("document.title.startsWith('Stopped')");
}

#[test]
fn keys_are_asked_for_and_an_administrator_makes_and_revokes_them() {
    let folder = folder();
    let admin = keys::make(folder.path(), &["root", "--scopes", "admin"]);
    let daemon = Daemon::start(folder.path(), &[]);
    let Some(mut page) = page(&daemon, "/") else {
        return;
    };
    page.wait_to_see("dialog.key #key");
    assert_accessible(&mut page, "the question for a key");
    page.insert(&admin);
    page.press("Enter", false);
    page.wait_to_see("#keys");
    // A picture, whose events, preview and files all need the key.
    page.click("[data-example=fox]");
    page.wait_to_see("#actions");
    crate::support::assert_svg(&String::from_utf8(page.download("#download-svg")).unwrap());
    page.click("#keys");
    page.wait_to_see(".keys tbody tr");
    page.click("#key-name");
    page.evaluate("document.querySelector('#key-name').focus()");
    page.insert("carol");
    page.press("Enter", false);
    page.wait_to_see(".key-secret code");
    let carol = page.text("document.querySelector('.key-secret code').textContent");
    assert!(carol.starts_with("c2s_"), "{carol}");
    assert_accessible(&mut page, "the keys");
    let status = || {
        let headers = [("x-api-key", carol.as_str())];
        daemon
            .send("GET", "/v1/jobs", &headers, b"")
            .status()
            .as_u16()
    };
    assert_eq!(status(), 200);
    let rows =
        |count: u32| format!("document.querySelectorAll('.keys tbody tr').length === {count}");
    page.wait_for(&rows(2));
    page.click(".keys tbody tr:nth-child(2) .button");
    page.click(".keys .sure");
    page.wait_for(&rows(1));
    assert_eq!(status(), 401);
}

#[test]
fn a_picture_that_is_lost_on_the_way_is_fetched_again() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let id = drawn(&daemon);
    let Some(mut page) = page(&daemon, "/") else {
        return;
    };
    page.lose(&["*/result.svg"]);
    page.evaluate(&format!("location.hash = '#job={id}'"));
    page.wait_for("document.querySelector('#wait-text').textContent.includes('trying again')");
    page.lose(&[]);
    page.wait_to_see("#actions");
}

#[test]
fn five_presses_make_one_job_and_files_are_checked_when_chosen() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let Some(mut page) = page(&daemon, "/") else {
        return;
    };
    page.evaluate("document.querySelector('#prompt').focus()");
    page.insert("a green boat");
    for _ in 0..5 {
        page.press("Enter", true);
    }
    page.wait_to_see("#actions");
    assert_eq!(jobs(&daemon).len(), 1);
    let wrong = folder.path().join("notes.txt");
    fs::write(&wrong, "no picture").unwrap();
    page.click("#tab-picture");
    page.choose_file("input[name=image]", &wrong);
    page.wait_to_see("#form-error");
    let told = page.text("document.querySelector('#form-error').textContent");
    assert!(told.contains("notes.txt is not a PNG"), "{told}");
    assert_accessible(&mut page, "a refused file");
    let right = folder.path().join("disc.png");
    fs::write(&right, crate::support::disc(64)).unwrap();
    page.choose_file("input[name=image]", &right);
    page.wait_for("!document.querySelector('#form-error').checkVisibility()");
    page.click("#draw");
    // What came in can be laid over what came out, also after a reload.
    page.wait_to_see("#compare");
    page.reload();
    page.wait_to_see("#compare");
}

#[test]
fn what_is_seldom_asked_for_is_asked_for_shown_and_told_when_wrong() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let Some(mut page) = page(&daemon, "/") else {
        return;
    };
    let choose = |page: &mut Page, field: &str, value: &str| {
        page.evaluate(&format!(
            "{{ const field = document.querySelector('{field}'); field.value = '{value}'; \
             field.dispatchEvent(new Event('input', {{ bubbles: true }})); \
             field.dispatchEvent(new Event('change', {{ bubbles: true }})); }}"
        ));
    };
    page.click(".options > summary");
    page.click("#more-options > summary");
    assert_accessible(&mut page, "all options of words");
    choose(&mut page, "#prompt", "a house under a cloud");
    choose(&mut page, "#size", "");
    choose(&mut page, "#width", "300");
    choose(&mut page, "#height", "8");
    choose(&mut page, "#background", "colour");
    choose(&mut page, "[type=color]", "#ffeedd");
    choose(&mut page, "#kind", "icon");
    choose(&mut page, "#negative", "clouds");
    choose(&mut page, "#palette", "red");
    choose(&mut page, "#max_paths", "40");
    choose(&mut page, "#level", "minimal");
    let told = "document.querySelector('#form-error').textContent";
    page.click("#draw");
    page.wait_for(&format!("{told}.includes('height is 16')"));
    choose(&mut page, "#height", "200");
    page.click("#draw");
    page.wait_for(&format!("{told}.includes('One colour alone')"));
    assert_eq!(page.text("document.activeElement.id"), "palette");
    assert_accessible(&mut page, "a refused palette");
    choose(&mut page, "#palette", "red, rgb(0, 0, 255), #ffeedd");
    page.click("[name=strict_palette]");
    assert_eq!(
        page.evaluate("document.querySelectorAll('.chips li').length"),
        3
    );
    page.click("#draw");
    page.wait_to_see("#actions");
    let request = &jobs(&daemon)[0]["request"];
    for (field, value) in [
        ("width", json!(300)),
        ("height", json!(200)),
        ("background", json!("#ffeedd")),
        ("picture_kind", json!("icon")),
        ("negative", json!("clouds")),
        ("palette", json!(["#ff0000", "#0000ff", "#ffeedd"])),
        ("strict_palette", json!(true)),
        ("paths", json!(40)),
    ] {
        assert_eq!(request[field], value, "{field} of {request}");
    }
    // It is there again when the job is opened anew.
    page.reload();
    page.wait_to_see("#actions");
    page.wait_for("document.querySelector('#palette')?.value === '#ff0000, #0000ff, #ffeedd'");
    assert_eq!(page.text("document.querySelector('#height').value"), "200");
    let shown = page.text("document.querySelector('#options-sum').textContent");
    assert!(
        shown.contains("icon") && shown.contains("3 colours"),
        "{shown}"
    );
    choose(&mut page, "#palette", "");
    page.evaluate("document.querySelector('[name=strict_palette]').checked = false");
    // Of pictures other things are asked.
    page.click(".options > summary");
    page.click("#more-options > summary");
    let picture = folder.path().join("disc.png");
    fs::write(&picture, crate::support::disc(64)).unwrap();
    page.click("#tab-picture");
    page.choose_file("input[name=image]", &picture);
    choose(&mut page, "#max_colors", "few");
    choose(&mut page, "#ground", "remove");
    page.click("[name=small_shapes]");
    assert_accessible(&mut page, "all options of pictures");
    page.click("#draw");
    page.wait_to_see("#compare");
    let request = &jobs(&daemon)[0]["request"];
    for (field, value) in [
        ("kind", json!("vectorize")),
        ("max_colors", json!("few")),
        ("background", json!("remove")),
        ("small_shapes", json!(false)),
        ("gradients", Value::Null),
    ] {
        assert_eq!(request[field], value, "{field} of {request}");
    }
}

#[test]
fn variants_stand_side_by_side() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let id = drawn(&daemon);
    let Some(mut page) = page(&daemon, &format!("/#job={id}")) else {
        return;
    };
    page.click("#vary");
    page.wait_for("document.querySelectorAll('.variant img:not([hidden])').length === 4");
    let seeds: Vec<Value> = jobs(&daemon)
        .iter()
        .map(|job| job["request"]["seed"].clone())
        .collect();
    assert_eq!(seeds.len(), 4);
    assert!(
        seeds
            .iter()
            .enumerate()
            .all(|(at, seed)| !seeds[..at].contains(seed)),
        "{seeds:?}"
    );
    page.click(".variant:nth-child(2)");
    page.wait_for(&format!("!location.hash.endsWith('{id}')"));
    page.wait_to_see("#actions");
    page.wait_to_see(".variant:nth-child(2)[aria-pressed=true]");
    assert_accessible(&mut page, "variants");
}

#[test]
fn everything_is_in_reach_on_small_screens() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let id = drawn(&daemon);
    let Some(mut page) = Page::open(&daemon.url("/"), 1024, 768) else {
        return;
    };
    let bottom = page.evaluate("document.querySelector('#draw').getBoundingClientRect().bottom");
    assert!(bottom.as_f64().unwrap() <= 768.0, "{bottom}");
    let phone = json!({"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true});
    page.call("Emulation.setDeviceMetricsOverride", &phone);
    let width = "document.documentElement.scrollWidth";
    page.wait_for("innerWidth === 390");
    assert_eq!(page.evaluate(width), 390);
    assert_accessible(&mut page, "the opening on a phone");
    // A card far below leads back up to the picture.
    page.evaluate("document.querySelector('.card').scrollIntoView()");
    page.click(".card");
    page.wait_to_see("#actions");
    assert!(page.text("location.hash").ends_with(&id));
    page.wait_for(
        "document.querySelector('.easel').getBoundingClientRect().top < innerHeight / 2 \
                   && document.querySelector('.easel').getBoundingClientRect().top > -50",
    );
    page.click("#code");
    page.wait_to_see(".code");
    assert_eq!(page.evaluate(width), 390);
    assert_accessible(&mut page, "a result on a phone");
}

#[test]
fn the_history_is_searched_favoured_and_deleted_from() {
    let folder = folder();
    let daemon = Daemon::start(folder.path(), &[]);
    let id = drawn(&daemon);
    let other = r#"{"prompt": "a blue fish", "level": "minimal", "deadline_ms": 60000}"#;
    daemon.post("/v1/svg", &[], other);
    let Some(mut page) = page(&daemon, &format!("/#job={id}")) else {
        return;
    };
    let cards = |count: u32| format!("document.querySelectorAll('.card').length === {count}");
    page.wait_to_see("#actions");
    page.wait_for(&cards(2));
    page.evaluate("document.querySelector('#search').focus()");
    page.insert("HOUSE");
    page.wait_for(&cards(1));
    page.click(".favourite");
    page.wait_to_see(".favourite[aria-pressed=true]");
    page.reload();
    page.wait_for(&cards(2));
    page.click("#favourites");
    page.wait_for(&cards(1));
    assert_accessible(&mut page, "favourites");
    // Deleted after a second press, and gone for everybody.
    page.click(".remove");
    page.wait_to_see(".remove.sure");
    assert_eq!(jobs(&daemon).len(), 2);
    page.click(".remove");
    page.wait_for(&cards(0));
    page.wait_to_see("#opening");
    assert_eq!(page.text("location.hash"), "");
    let left = jobs(&daemon);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["request"]["prompt"], "a blue fish");
}
