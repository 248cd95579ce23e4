import Foundation

extension Chromium {
  /// A browser that shows a server's page in a window of usual size.
  convenience init(showing server: ServedPage) throws {
    try self.init()
    try show(width: 1440, height: 900)
    try open(server.address)
  }

  /// Asks for a picture as a person does.
  func make(_ prompt: String, steps: Int) throws {
    try fill("#prompt", prompt)
    try fill("#set-steps", "\(steps)")
    try press("Enter", modifiers: 2)
  }

  /// Opens an address and waits until the page is put together.
  func open(_ address: String) throws {
    try call("Page.navigate", ["url": address])
    try wait("document.documentElement.dataset.ready === 'true'")
  }

  /// A window's size in CSS pixels, and the system's colours; nothing moves.
  func show(width: Int, height: Int, isDark: Bool = false) throws {
    try call(
      "Emulation.setDeviceMetricsOverride",
      ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500])
    try call(
      "Emulation.setEmulatedMedia",
      [
        "features": [
          ["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"],
          ["name": "prefers-reduced-motion", "value": "reduce"],
        ]
      ])
    // Until what changes its colour slowly has changed it.
    try evaluate("new Promise((done) => setTimeout(done, 200))")
  }

  /// A script's value; promises are waited for.
  @discardableResult
  func evaluate(_ script: String) throws -> Any? {
    let answer = try call(
      "Runtime.evaluate", ["expression": script, "awaitPromise": true, "returnByValue": true])
    if let details = answer["exceptionDetails"] { throw Failure(description: "\(script): \(details)") }
    return (answer["result"] as? [String: Any])?["value"]
  }

  /// A script's text, empty for none.
  func text(_ script: String) throws -> String { try evaluate(script) as? String ?? "" }

  func number(_ script: String) throws -> Int { (try evaluate(script) as? NSNumber)?.intValue ?? -1 }

  /// Waits until a condition holds, at most a minute.
  func wait(_ condition: String) throws {
    for _ in 0..<1500 {
      // While a page is being replaced there is nothing to ask.
      if (try? evaluate("Boolean(\(condition))")) as? Bool == true { return }
      usleep(40_000)
    }
    let shown = (try? text("document.body.innerText.slice(0, 600)")) ?? ""
    throw Failure(description: "never: \(condition); the page says: \(shown)")
  }

  /// Clicks on the middle of what a selector finds, as a mouse does.
  func click(_ selector: String) throws {
    try wait("document.querySelector('\(selector)')")
    let box = try evaluate(
      """
      (() => { const e = document.querySelector('\(selector)'); e.scrollIntoView({ block: 'center', behavior: 'instant' });
        const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()
      """)
    let place = (box as? [NSNumber] ?? []).map(\.doubleValue)
    guard place.count == 2 else { throw Failure(description: "\(selector) is nowhere") }
    for kind in ["mouseMoved", "mousePressed", "mouseReleased"] { try mouse(kind, place[0], place[1]) }
  }

  /// Draws a line over what a selector finds, with the button pressed; places are shares of its sides.
  func drag(_ selector: String, from start: (x: Double, y: Double), to end: (x: Double, y: Double)) throws {
    let box = try evaluate(
      "(() => { const r = document.querySelector('\(selector)').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()"
    )
    let sides = (box as? [NSNumber] ?? []).map(\.doubleValue)
    guard sides.count == 4 else { throw Failure(description: "\(selector) is nowhere") }
    for step in 0...8 {
      let share = Double(step) / 8
      let x = sides[0] + (start.x + (end.x - start.x) * share) * sides[2]
      let y = sides[1] + (start.y + (end.y - start.y) * share) * sides[3]
      try mouse(step == 0 ? "mousePressed" : step == 8 ? "mouseReleased" : "mouseMoved", x, y)
    }
  }

  private func mouse(_ kind: String, _ x: Double, _ y: Double) throws {
    try call(
      "Input.dispatchMouseEvent",
      ["type": kind, "x": x, "y": y, "button": "left", "buttons": kind == "mouseReleased" ? 0 : 1, "clickCount": 1])
  }

  /// Types into what has the focus.
  func type(_ text: String) throws { try call("Input.insertText", ["text": text]) }

  /// Puts text in place of what a field holds.
  func fill(_ selector: String, _ text: String) throws {
    try evaluate("(() => { const e = document.querySelector('\(selector)'); e.focus(); e.select(); })()")
    if text.isEmpty { try press("Delete") } else { try type(text) }
  }

  /// Presses a key by its name, such as `Tab`.
  /// - Parameter modifiers: 1 Alt, 2 Control, 4 Meta, 8 Shift.
  func press(_ key: String, modifiers: Int = 0) throws {
    let codes = ["Enter": 13, "Tab": 9, "Escape": 27, "Delete": 46, "ArrowRight": 39, "ArrowLeft": 37, " ": 32]
    var event: [String: Any] = ["key": key, "code": key == " " ? "Space" : key, "modifiers": modifiers]
    event["windowsVirtualKeyCode"] = codes[key] ?? 0
    if key == "Enter" { event["text"] = "\r" }
    if key == " " { event["text"] = " " }
    for kind in ["keyDown", "keyUp"] { try call("Input.dispatchKeyEvent", event.merging(["type": kind]) { $1 }) }
  }

  /// Keeps a picture of the window where `IMAGO_SCREENSHOTS` names a folder.
  func screenshot(_ name: String) throws {
    guard let folder = ProcessInfo.processInfo.environment["IMAGO_SCREENSHOTS"] else { return }
    let data = try call("Page.captureScreenshot", ["format": "png"])["data"] as? String ?? ""
    try Data(base64Encoded: data)?.write(to: URL(fileURLWithPath: folder).appendingPathComponent("\(name).png"))
  }
}
