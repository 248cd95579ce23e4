import Foundation
import FoundationNetworking
import Images
import Testing

/// Further ways to change pictures on the page, strips, files dropped on it, trainings, and a server that goes and comes back.
@Suite(.enabled(if: Chromium.program != nil, "Chromium is not installed"), .serialized)
struct PageEditTests {
  private let server: ServedPage
  private let browser: Chromium

  init() throws {
    server = try ServedPage()
    browser = try Chromium(showing: server)
  }

  private func picture(_ id: String) throws -> Image {
    try PNG.decode(try Data(contentsOf: try #require(URL(string: "\(server.address)api/gallery/\(id)/image"))))
  }

  /// The number of the picture that is shown.
  private func shown() throws -> String {
    try browser.wait("document.querySelector('#result')?.complete && document.querySelector('#cancel').hidden")
    return try browser.text("document.querySelector('#frame').dataset.picture")
  }

  /// Drops a file on the page.
  /// - Parameters:
  ///   - content: a script for what is in it.
  ///   - place: a script for what it is dropped on.
  private func drop(_ content: String, _ name: String, _ type: String, on place: String) throws {
    try browser.evaluate(
      """
      (async () => {
        const files = new DataTransfer();
        files.items.add(new File([\(content)], '\(name)', { type: '\(type)' }));
        const drop = (kind, target) => target.dispatchEvent(new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }));
        drop('dragenter', document.body);
        drop('drop', \(place));
      })()
      """)
  }

  private func image(_ id: String) -> String { "await (await fetch('/api/gallery/\(id)/image')).blob()" }

  @Test func editsByWordsAndExtends() throws {
    try browser.make("a cat on the moon", steps: 8)
    let first = try shown()
    let before = try picture(first)

    // By words: what would change is shown first, and nothing else changes then.
    try browser.click("#stage [data-action=change]")
    try browser.wait("!document.querySelector('#editor').hidden")
    try browser.click(".editor-head [data-value=words]")
    try browser.fill("#edit-source", "a cat on the moon")
    try browser.fill("#prompt", "a dog on the moon")
    try browser.click("#find-mask")
    try browser.wait(
      "!document.querySelector('#mask').hidden && document.querySelector('#find-mask').disabled === false")
    try browser.screenshot("words")
    try browser.click("#make")
    try browser.wait("document.querySelector('#frame').dataset.picture > \(first)")
    let edited = try picture(try shown())
    try #require(edited.pixels.count == before.pixels.count)
    let changed = (0..<before.pixels.count / 3).count { before.pixels[3 * $0] != edited.pixels[3 * $0] }
    #expect((1..<before.pixels.count / 3).contains(changed), "all or nothing changed")

    // What was found, as a mask of its own.
    let byWords = try browser.text("document.querySelector('#frame').dataset.picture")
    try browser.click("#stage .stage-tabs [data-value=edit]")
    try browser.click("#find-mask ~ button")
    try browser.wait("document.querySelector('#blur')")
    try browser.click("#make")
    try browser.wait("document.querySelector('#frame').dataset.picture > \(byWords)")
    let masked = try shown()

    // Extended to the right by keys.
    try drop(image(first), "cat.png", "image/png", on: "document.querySelectorAll('#drop-veil div')[0]")
    try browser.wait("!document.querySelector('#editor').hidden")
    try browser.click(".editor-head [data-value=extend]")
    try browser.evaluate("document.querySelector('.handle.right').focus()")
    try browser.press("ArrowRight", modifiers: 8)
    #expect(try browser.text("document.querySelector('#margin-right').value") == "64")
    try browser.screenshot("extend")
    let latest = try browser.text("document.querySelector('#frame').dataset.picture")
    try browser.click("#make")
    try browser.wait("document.querySelector('#frame').dataset.picture > \(latest)")
    let wider = try picture(try shown())
    #expect(wider.width == before.width + 64 && wider.height == before.height)

    // Made again with all that they were made from, after the page was left.
    for (id, mode) in [(masked, "mask"), (try shown(), "extend")] {
      try browser.call("Page.reload")
      try browser.wait("document.documentElement.dataset.ready === 'true'")
      try browser.evaluate("location.hash = '#gallery'")
      try browser.click(".tile[data-id=\"\(id)\"]")
      try browser.click("#look [data-action=reuse]")
      try browser.wait(
        "!document.querySelector('#editor').hidden && document.querySelector('.editor-head [data-value=\(mode)]').getAttribute('aria-pressed') === 'true'"
      )
      try browser.click("#make")
      try browser.wait("document.querySelector('#frame').dataset.picture > \(id)")
      #expect(try picture(try shown()) == picture(id), "\(mode)")
    }
    try browser.click("#stage [data-action=vary]")
    let repeated = try shown()
    try browser.wait("document.querySelector('#frame').dataset.picture > \(repeated)")
    let varied = try picture(try shown())
    #expect(varied.width == wider.width && varied != wider)
    #expect(browser.complaints == [])
  }

  @Test func variesEnlargesAndDrawsStrips() throws {
    try browser.make("a red boat", steps: 4)
    let first = try shown()
    try browser.click("#stage [data-action=vary]")
    try browser.wait("document.querySelector('#frame').dataset.picture > \(first)")
    let varied = try shown()
    #expect(try picture(varied) != picture(first))
    try browser.click("#stage [data-action=enlarge]")
    try browser.wait("document.querySelector('#frame').dataset.picture > \(varied)")
    #expect(try picture(try shown()).width == 2 * picture(first).width)

    try browser.evaluate("location.hash = '#grid'")
    try browser.click("#view-grid [data-value=strip]")
    try browser.fill("#to-prompt", "a blue boat")
    try browser.fill("#frames", "3")
    try browser.click("#strip-form [type=submit]")
    try browser.wait("document.querySelectorAll('#film img').length === 3")
    try browser.screenshot("strip")

    // A prompt file that is dropped anywhere.
    try drop("'a cat\\\\na dog'", "two.txt", "text/plain", on: "document.body")
    try browser.wait("location.hash === '#batch' && document.querySelector('#batch-text').value === 'a cat\\\\na dog'")
    #expect(browser.complaints == [])
  }

  @Test func teaches() throws {
    try browser.make("a red boat", steps: 2)
    let made = try shown()
    try browser.evaluate("location.hash = '#train'")
    try browser.click("#training-board .primary")
    try browser.evaluate(
      """
      (async () => {
        const files = new DataTransfer();
        files.items.add(new File([\(image(made))], 'boat.png', { type: 'image/png' }));
        files.items.add(new File(['a boat'], 'boat.txt', { type: 'text/plain' }));
        // Larger than a request may be.
        const noise = new ImageData(3200, 2900);
        for (let i = 0; i < noise.data.length; i += 65536) crypto.getRandomValues(noise.data.subarray(i, i + 65536));
        for (let i = 3; i < noise.data.length; i += 4) noise.data[i] = 255;
        const canvas = new OffscreenCanvas(3200, 2900);
        canvas.getContext('2d').putImageData(noise, 0, 0);
        const large = await canvas.convertToBlob({ type: 'image/png' });
        files.items.add(new File([large], 'large.png', { type: 'image/png' }));
        window.sent = large.size;
        document.querySelector('#train-pictures').files = files.files;
      })()
      """)
    #expect(try browser.number("window.sent") > 25_000_000)
    try browser.fill("#train-name", "boats")
    try browser.fill("#train-steps", "2")
    try browser.fill("#train-trigger", "zkz style")
    try browser.fill("#train-sample", "a cat, zkz style")
    try browser.screenshot("train-form")
    try browser.press("Enter")
    try browser.wait("document.querySelector('#toasts').textContent.includes('2 pictures')")
    try browser.wait("document.querySelector('#training-board')?.textContent.includes('<lora:boats:1>')")
    #expect(try browser.number("document.querySelectorAll('#training-board .film img').length") >= 2)
    try browser.screenshot("trained")
    // What it made is offered.
    try browser.evaluate("location.hash = '#create'")
    try browser.click("#add-lora")
    try browser.wait(
      "[...document.querySelectorAll('.pick-list button')].some((one) => one.textContent.includes('boats'))")
    #expect(browser.complaints == [])
  }

  @Test func goesOnWhenTheServerIsBack() throws {
    // The server goes in the middle of a picture: it is made when the server is back.
    try browser.make("a cat on the moon", steps: 900)
    try browser.wait("document.querySelector('#status').textContent.includes('of 900')")
    let port = server.port
    server.stop()
    try browser.wait("!document.querySelector('#notice').hidden")
    try server.start(port: port)
    try browser.wait("document.querySelector('#notice').hidden")
    try browser.wait(
      "document.querySelector('#preview') && document.querySelector('#status').textContent.includes('of 900')")
    try browser.click("#cancel")
    try browser.wait("document.querySelector('#frame').textContent.includes('Cancelled')")
    #expect(browser.complaints == [])
  }
}
