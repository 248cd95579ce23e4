import Foundation
import Testing

/// Who may use the page, and with what: tokens, keys, small windows, weak eyes.
@Suite(.enabled(if: Chromium.program != nil, "Chromium is not installed"), .serialized)
struct PageAccessTests {
  private static let views = ["create", "gallery", "grid", "batch", "train"]

  @Test func asksForTheTokenOnce() throws {
    let (server, browser) = (try ServedPage(token: "sesame"), try Chromium())
    try browser.show(width: 1440, height: 900)
    try browser.call("Page.navigate", ["url": server.address])
    try browser.wait("document.querySelector('#token')")
    try browser.fill("#token", "wrong")
    try browser.press("Enter")
    try browser.wait("document.querySelector('dialog')?.textContent.includes('not the right one')")
    try browser.screenshot("token")
    try browser.fill("#token", "sesame")
    try browser.press("Enter")
    try browser.wait("document.documentElement.dataset.ready === 'true'")
    try browser.call("Page.reload")
    try browser.wait("document.documentElement.dataset.ready === 'true'")
    // Pictures come with the token too.
    try browser.fill("#prompt", "a cat")
    try browser.fill("#set-steps", "1")
    try browser.press("Enter", modifiers: 2)
    try browser.wait("document.querySelector('#result')?.naturalWidth > 0")
    #expect(browser.complaints == [])
  }

  @Test(.enabled(if: ServedPage.canLimitMemory, "needs root and unshare"))
  func offersWhatThereIsMemoryFor() throws {
    let (server, browser) = (try ServedPage(memory: 30_000_000), try Chromium())
    try browser.show(width: 1440, height: 900)
    try browser.open(server.address)
    for side in ["width", "height"] { try browser.fill("#set-\(side)", "1024") }
    try browser.fill("#set-steps", "1")
    try browser.fill("#prompt", "a cat")
    try browser.press("Enter", modifiers: 2)
    try browser.wait("document.querySelector('.failure h2')?.textContent === 'Not enough memory'")
    try browser.screenshot("memory")
    #expect(try browser.text("document.querySelector('.failure .primary').textContent") == "Make it 512 × 512")
    #expect(browser.complaints == [])
  }

  @Test func isUsableByKeysOnPhonesAndByWeakEyes() throws {
    let (server, browser) = (try ServedPage(), try Chromium())
    try browser.show(width: 390, height: 844)
    try browser.open(server.address)
    for view in Self.views {
      try browser.evaluate("location.hash = '#\(view)'")
      try browser.wait("!document.querySelector('#view-\(view)').hidden")
      #expect(try browser.number("document.documentElement.scrollWidth") <= 390, "\(view) is wider than a phone")
      let unnamed = try browser.text(Self.unnamed)
      #expect(unnamed == "", "\(view) has controls without a name")
      for isDark in [false, true] {
        try browser.show(width: 390, height: 844, isDark: isDark)
        let faint = try browser.text(Self.faint)
        #expect(faint == "", "\(view), \(isDark ? "dark" : "light"): contrast below 4.5")
      }
    }
    try browser.evaluate("location.hash = '#create'")
    try browser.wait("!document.querySelector('#view-create').hidden")
    #expect(try browser.number("document.querySelector('#frame').offsetWidth") > 300, "no place for pictures")
    // Everything of the form is reached by Tab alone, and shows that it has the focus.
    try browser.show(width: 1440, height: 900)
    try browser.evaluate("location.hash = '#create'; document.activeElement.blur()")
    var reached: Set<String> = []
    for _ in 0..<60 {
      try browser.press("Tab")
      reached.insert(try browser.text("document.activeElement.id"))
      let outline = try browser.text(
        "document.activeElement === document.body ? 'solid' : getComputedStyle(document.activeElement).outlineStyle")
      let focused = try browser.text("document.activeElement.outerHTML.slice(0, 90)")
      #expect(outline == "solid", "no focus ring on \(focused)")
    }
    #expect(reached.isSuperset(of: ["prompt", "make", "add-lora", "set-model", "set-steps", "set-cfg", "set-seed"]))
    // A mask painted by keys.
    try browser.evaluate(
      """
      (async () => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
        const files = new DataTransfer();
        files.items.add(new File([await new Promise((done) => canvas.toBlob(done))], 'a.png', { type: 'image/png' }));
        dispatchEvent(new ClipboardEvent('paste', { clipboardData: files }));
      })()
      """)
    try browser.wait("!document.querySelector('#editor').hidden")
    try browser.evaluate("document.querySelector('.editor-head [data-value=mask]').click()")
    #expect(try browser.evaluate("document.querySelector('#mask-undo').disabled") as? Bool == true)
    try browser.evaluate("document.querySelector('#mask').focus()")
    try browser.press("ArrowRight", modifiers: 8)
    try browser.press(" ")
    #expect(try browser.evaluate("document.querySelector('#mask-undo').disabled") as? Bool == false)
    #expect(browser.complaints == [])
  }

  /// Controls in sight that say nothing to who cannot see them.
  private static let unnamed = """
    [...document.querySelectorAll('button, input, select, textarea, a')].filter((e) => e.checkVisibility()
      && e.getAttribute('aria-hidden') !== 'true' && !(e.innerText?.trim() || e.getAttribute('aria-label') || e.labels?.length
      || e.querySelector('img[alt]'))).map((e) => e.outerHTML.slice(0, 100)).join(' ')
    """

  /// Texts in sight with less than 4.5 between their colour and what lies behind them (WCAG 2.2, 1.4.3).
  private static let faint = """
    (() => {
      const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
      const rgb = (colour) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); return [...pen.getImageData(0, 0, 1, 1).data]; };
      const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const behind = (e) => { for (let at = e; at; at = at.parentElement) { const colour = rgb(getComputedStyle(at).backgroundColor); if (colour[3] > 250) return colour; } return [255, 255, 255]; };
      const found = [];
      for (const e of document.querySelectorAll('body *')) {
        if (!e.checkVisibility() || e.closest('[aria-hidden=true], :disabled')) continue;
        if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
        const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.push(`${e.className || e.tagName} ${ratio.toFixed(2)}`);
      }
      return [...new Set(found)].join(', ');
    })()
    """
}
