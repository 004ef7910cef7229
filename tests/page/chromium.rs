//! Drives a headless Chromium by its DevTools protocol: the few calls that these tests need.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

use crate::{
    browser::browser,
    support::{PATIENCE, wait_until},
};

/// One page of a browser of its own; both end when dropped.
pub(crate) struct Page {
    child: Child,
    socket: WebSocket<TcpStream>,
    calls: u64,
    folder: TempDir,
}

impl Page {
    /// A page of this size at an address. `None` where no browser is installed, which is a failure
    /// where `CI` is set.
    pub(crate) fn open(address: &str, width: u32, height: u32) -> Option<Self> {
        let Some(program) = browser() else {
            let is_gate = std::env::var_os("CI").is_some();
            assert!(!is_gate, "install chromium to run this test");
            eprintln!("no chromium is installed: the page is not tried");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path().join("profile");
        let child = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu"])
            .args(["--no-first-run", "--remote-debugging-port=0"])
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = profile.join("DevToolsActivePort");
        let mut port = String::new();
        wait_until("the browser says where it listens", || {
            let text = fs::read_to_string(&told).unwrap_or_default();
            port = text.lines().next().unwrap_or_default().to_owned();
            text.lines().count() > 1
        });
        let mut target = Value::Null;
        wait_until("the browser has a page", || {
            let list = ureq::get(format!("http://127.0.0.1:{port}/json/list")).call();
            let Ok(mut list) = list else { return false };
            let text = list.body_mut().read_to_string().unwrap_or_default();
            let targets: Value = serde_json::from_str(&text).unwrap_or_default();
            let pages = targets.as_array().cloned().unwrap_or_default();
            target = pages
                .into_iter()
                .find(|target| target["type"] == "page")
                .unwrap_or_default();
            target.is_object()
        });
        let url = target["webSocketDebuggerUrl"].as_str().unwrap();
        let stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(url, stream).unwrap();
        let mut page = Self {
            child,
            socket,
            calls: 0,
            folder,
        };
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        page.call("Emulation.setDeviceMetricsOverride", &size);
        let downloads = page.downloads();
        fs::create_dir(&downloads).unwrap();
        page.call(
            "Browser.setDownloadBehavior",
            &json!({"behavior": "allow", "downloadPath": downloads}),
        );
        page.call("Network.enable", &json!({}));
        page.go(address);
        Some(page)
    }

    fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    /// Calls a method of the protocol and gives its result.
    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.calls += 1;
        let call = json!({"id": self.calls, "method": method, "params": parameters});
        self.socket.send(Message::text(call.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else {
                continue;
            };
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            // What is not an answer to this call is an event that nobody waits for.
            if answer["id"] == self.calls {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }

    /// Leads the page to an address and waits until its scripts have run.
    pub(crate) fn go(&mut self, address: &str) {
        self.call("Page.navigate", &json!({"url": address}));
        self.wait_for("document.readyState === 'complete' && document.querySelector('.example')");
    }

    pub(crate) fn reload(&mut self) {
        self.evaluate("window.isOld = true");
        self.call("Page.reload", &json!({}));
        self.wait_for("!window.isOld && document.readyState === 'complete' && document.querySelector('.example')");
    }

    /// The value of an expression, awaited when it is a promise; null while there is no page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression,
            "awaitPromise": true,
            "returnByValue": true,
            "userGesture": true,
        });
        let mut answer = self.call("Runtime.evaluate", &parameters);
        answer["result"]["value"].take()
    }

    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.evaluate(expression)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let whether = format!("Boolean({expression})");
        wait_until(expression, || self.evaluate(&whether) == true);
    }

    /// Waits until something is on the page and seen.
    #[track_caller]
    pub(crate) fn wait_to_see(&mut self, selector: &str) {
        self.wait_for(&format!(
            "document.querySelector('{selector}')?.checkVisibility()"
        ));
    }

    #[track_caller]
    pub(crate) fn click(&mut self, selector: &str) {
        self.wait_to_see(selector);
        self.evaluate(&format!("document.querySelector('{selector}').click()"));
    }

    /// Presses a key on whatever has the focus.
    pub(crate) fn press(&mut self, key: &str, control: bool) {
        let code = match key {
            "Enter" => 13,
            "F2" => 113,
            _ => 0,
        };
        for kind in ["keyDown", "keyUp"] {
            let parameters = json!({
                "type": kind,
                "key": key,
                "code": key,
                "windowsVirtualKeyCode": code,
                "modifiers": if control { 2 } else { 0 },
                // What hands in a form.
                "text": if key == "Enter" && kind == "keyDown" && !control { "\r" } else { "" },
            });
            self.call("Input.dispatchKeyEvent", &parameters);
        }
    }

    /// Types into whatever has the focus.
    pub(crate) fn insert(&mut self, text: &str) {
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// Puts a file into a field.
    pub(crate) fn choose_file(&mut self, selector: &str, path: &Path) {
        let document = self.call("DOM.getDocument", &json!({}));
        let root = &document["root"]["nodeId"];
        let node = self.call(
            "DOM.querySelector",
            &json!({"nodeId": root, "selector": selector}),
        );
        let parameters = json!({"files": [path], "nodeId": node["nodeId"]});
        self.call("DOM.setFileInputFiles", &parameters);
    }

    /// Has the network lose requests to these addresses.
    pub(crate) fn lose(&mut self, patterns: &[&str]) {
        self.call("Network.setBlockedURLs", &json!({"urls": patterns}));
    }

    /// Clicks and gives the file that is saved.
    #[track_caller]
    pub(crate) fn download(&mut self, selector: &str) -> Vec<u8> {
        let folder = self.downloads();
        self.click(selector);
        let mut file = None;
        wait_until("the download is there", || {
            // It is named otherwise until it is whole, but for an empty one that keeps its place.
            file = fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .find(|path| {
                    let end = path.extension();
                    end.is_some_and(|end| end == "svg" || end == "png")
                        && fs::metadata(path).is_ok_and(|file| file.len() > 0)
                });
            file.is_some()
        });
        let file = file.unwrap();
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        bytes
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It may have ended on its own.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
