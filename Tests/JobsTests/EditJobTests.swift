import Generation
import Jobs
import Testing

@Suite struct EditJobTests {
  private func edit(_ change: (inout EditJob) -> Void) -> EditJob {
    var edit = EditJob()
    change(&edit)
    return edit
  }

  @Test func upperLayersWin() {
    let low = PictureJob.job("a") { ($0.edit.input, $0.edit.mask, $0.edit.strength) = ("a.png", "m.png", 0.4) }
    let same = low.overlaid(by: .job("b") { ($0.edit.input, $0.edit.strength) = ("a.png", 0.5) })
    #expect(same.edit.mask == "m.png" && same.edit.strength == 0.5)
    let other = low.overlaid(by: .job("b") { $0.edit.input = "b.png" })
    #expect(other.edit.input == "b.png" && other.edit.mask == nil && other.edit.strength == 0.4)
    #expect(low.overlaid(by: PictureJob()).edit == low.edit && PictureJob().edit.isEmpty)
  }

  @Test func masksAreFoundOnlyWhereThereIsNone() {
    #expect(edit { $0.isEdit = true }.findsMask && !edit { _ in }.findsMask)
    for change: (inout EditJob) -> Void in [
      { $0.mask = "m.png" }, { $0.outpaint = Margins(left: 8, top: 0, right: 0, bottom: 0) },
      { $0.resize = .outpaint }, { $0.isEdit = false },
    ] {
      var with = edit { $0.isEdit = true }
      change(&with)
      #expect(!with.findsMask)
    }
  }

  static let bad: [@Sendable (inout EditJob) -> Void] = [
    { $0.strength = 1.5 }, { $0.strength = .nan }, { $0.imageGuidance = 0.5 }, { $0.source = "a cat" },
    { $0.maskOut = "m.png" }, { ($0.isEdit, $0.area) = (true, .masked) }, { ($0.isEdit, $0.maskOut) = (true, "m.gif") },
    { ($0.isEdit, $0.mask, $0.source) = (true, "m.png", "a cat") },
  ]

  @Test(arguments: bad.indices) func whatDoesNotGoTogetherIsRefused(index: Int) {
    #expect(throws: JobError.self) { try PictureJob.job("a") { $0.edit = edit(Self.bad[index]) }.checkValues() }
  }

  @Test func defaults() throws {
    try edit { ($0.isEdit, $0.source, $0.maskOut) = (true, "a cat", "m.png") }.check()
    var plain = CanvasOptions()
    plain.fitsModel = true
    #expect(edit { _ in }.canvasOptions(width: nil, height: nil) == plain)
    #expect(!edit { $0.resize = .resize }.canvasOptions(width: nil, height: nil).fitsModel)
    let options = edit { ($0.maskBlur, $0.padding, $0.pastesBack, $0.area) = (2, 5, false, .masked) }
      .canvasOptions(width: 64, height: nil)
    #expect(options.maskBlur == 2 && options.padding == 5 && !options.pastesBack && options.area == .masked)
    #expect(options.width == 64 && options.height == nil)
  }
}
