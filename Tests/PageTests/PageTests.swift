import Foundation
import FoundationNetworking
import Images
import Testing

/// The page in a real browser, on the server as it is installed.
@Suite(.enabled(if: Chromium.program != nil, "Chromium is not installed"), .serialized)
struct PageTests {
  private let server: ServedPage
  private let browser: Chromium

  init() throws {
    server = try ServedPage()
    browser = try Chromium(showing: server)
  }

  /// Pictures the gallery has, the latest first.
  private func kept() throws -> [Int] {
    let answer = try JSONSerialization.jsonObject(with: try get("api/gallery")) as? [String: Any]
    return (answer?["pictures"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int }
  }

  private func get(_ path: String) throws -> Data {
    try Data(contentsOf: try #require(URL(string: server.address + path)))
  }

  private static let isFinished =
    "document.querySelector('#result')?.complete && document.querySelector('#cancel').hidden"

  @Test func makesPaintsKeepsAndDeletes() throws {
    // Words, a preview on the way, the picture.
    try browser.evaluate(
      "new MutationObserver(() => { window.saw ||= Boolean(document.querySelector('#preview')); }).observe(document.body, { childList: true, subtree: true })"
    )
    try browser.screenshot("empty")
    try browser.make("a (cat:1.2) on the moon", steps: 12)
    try browser.wait(Self.isFinished)
    #expect(try browser.evaluate("window.saw") as? Bool == true, "no preview was shown")
    #expect(try browser.text("document.querySelector('#prompt-count').textContent").contains("/"))
    #expect(try browser.number("document.querySelectorAll('#prompt-marks .mark-emphasis').length") > 0)
    try browser.screenshot("made")
    let first = try #require(try kept().first)
    let original = try PNG.decode(try get("api/gallery/\(first)/image"))

    // A mask over the lower left part; what lies outside stays as it is.
    try browser.click("#stage [data-action=change]")
    try browser.wait("!document.querySelector('#editor').hidden")
    // The first stroke makes it a mask.
    try browser.drag("#mask", from: (0.2, 0.7), to: (0.5, 0.8))
    try browser.screenshot("mask")
    try browser.fill("#prompt", "a dog on the moon")
    try browser.click("#make")
    try browser.wait("document.querySelectorAll('.strip img').length === 2 && \(Self.isFinished)")
    let ids = try kept()
    #expect(ids.count == 2)
    let painted = try PNG.decode(try get("api/gallery/\(ids[0])/image"))
    try #require(painted.pixels.count == original.pixels.count)
    #expect(painted != original)
    let upper = original.pixels.count / 2
    #expect(painted.pixels[..<upper] == original.pixels[..<upper], "the upper half changed")

    // The gallery, after the page was left and opened again.
    try browser.call("Page.reload")
    try browser.wait("document.documentElement.dataset.ready === 'true'")
    #expect(try browser.text("document.querySelector('#prompt').value") == "a dog on the moon")
    try browser.evaluate("location.hash = '#gallery'")
    try browser.wait("document.querySelectorAll('.tile').length === 2")
    try browser.fill("#gallery-search", "cat moon")
    try browser.wait("document.querySelectorAll('.tile').length === 1")
    try browser.screenshot("gallery")

    // The same settings again give the same picture.
    try browser.click(".tile[data-id=\"\(first)\"]")
    try browser.click("#look [data-action=reuse]")
    try browser.wait(
      "document.querySelector('#prompt').value === 'a (cat:1.2) on the moon' && location.hash === '#create'")
    try browser.click("#make")
    try browser.wait(Self.isFinished)
    let again = try #require(try kept().first)
    #expect(again > ids[0])
    #expect(try PNG.decode(try get("api/gallery/\(again)/image")) == original)

    // What is cancelled leaves nothing.
    try browser.make("a cat on the moon", steps: 900)
    try browser.wait("document.querySelector('#status').textContent.includes('of 900')")
    try browser.click("#cancel")
    try browser.wait("document.querySelector('#frame').textContent.includes('Cancelled')")
    #expect(try kept().count == 3)

    // Deleted, taken back, deleted: also by leaving the page before the time to take it back is over.
    try browser.evaluate("location.hash = '#gallery'")
    try browser.click(".tile[data-id=\"\(again)\"]")
    try browser.click("#look [data-action=favourite]")
    try browser.wait("document.querySelector('#look [data-action=favourite]').getAttribute('aria-pressed') === 'true'")
    try browser.click("#look [data-action=delete]")
    try browser.click("#toasts button")
    try browser.click("#look-close")
    try browser.wait("document.querySelector('.tile[data-id=\"\(again)\"] .tile-mark')")
    try browser.click(".tile[data-id=\"\(again)\"]")
    try browser.click("#look [data-action=delete]")
    try browser.call("Page.reload")
    try browser.wait("document.querySelectorAll('.tile').length === 2")
    #expect(try !kept().contains(again))
    #expect(browser.complaints == [])
  }

  @Test func comparesRunsFilesAndReadsPictures() throws {
    try browser.make("a red boat", steps: 2)
    try browser.wait(Self.isFinished)

    try browser.evaluate("location.hash = '#grid'")
    try browser.fill("#values-x", "2, 4")
    try browser.evaluate(
      "(() => { const y = document.querySelector('#axis-y'); y.value = 'steps'; y.dispatchEvent(new Event('change')); })()"
    )
    try browser.fill("#values-y", "1..2")
    try browser.click("#grid-make")
    try browser.wait("document.querySelector('#grid-board button')?.textContent.startsWith('Save')")
    #expect(try browser.number("document.querySelectorAll('.xy td img').length") == 4)
    #expect(try kept().count == 5)

    try browser.evaluate("location.hash = '#batch'")
    try browser.fill("#batch-text", "a cat\n\na dog --steps 1\na bird --nothing 3")
    try browser.click("#batch-run")
    try browser.wait("document.querySelectorAll('#batch-board tr[data-state=done]').length === 2")
    #expect(try browser.text("document.querySelector('#batch-board .problems').textContent").contains("Line 4"))

    // A picture dropped on the half that reads settings.
    let latest = try #require(try kept().last)
    try browser.evaluate(
      """
      (async () => {
        const bytes = await (await fetch('/api/gallery/\(latest)/image')).blob();
        const files = new DataTransfer();
        files.items.add(new File([bytes], 'boat.png', { type: 'image/png' }));
        const drop = (kind, target) => target.dispatchEvent(new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }));
        drop('dragenter', document.body);
        drop('drop', document.querySelectorAll('#drop-veil div')[1]);
      })()
      """)
    try browser.wait("location.hash === '#create' && document.querySelector('#prompt').value === 'a red boat'")
    #expect(try browser.text("document.querySelector('#set-steps').value") == "2")
    #expect(browser.complaints == [])
  }

  @Test func saysWhatIsWrong() throws {
    // A setting that cannot be.
    try browser.fill("#prompt", "a cat")
    try browser.fill("#set-width", "13")
    try browser.click("#make")
    try browser.wait(
      "document.querySelector('#set-width').getAttribute('aria-invalid') === 'true' || document.querySelector('.failure')"
    )
    // The server goes and comes back: what was typed stays.
    let port = server.port
    server.stop()
    try browser.fill("#prompt", "a cat in the rain")
    try browser.wait("!document.querySelector('#notice').hidden")
    try browser.screenshot("gone")
    try server.start(port: port)
    try browser.wait("document.querySelector('#notice').hidden")
    #expect(try browser.text("document.querySelector('#prompt').value") == "a cat in the rain")
    #expect(browser.complaints == [])
  }
}
