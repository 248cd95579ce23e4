import Foundation
import Images
import Jobs
import Testing

@Suite struct PictureGridTests {
  private let tiny: TinyPipeline

  init() throws { tiny = try TinyPipeline() }

  @Test(arguments: [(0, 2, 3), (3, 3, 1), (1, 1, 4)])
  func picturesSideBySide(columns: Int, wide: Int, high: Int) throws {
    let count = columns == 0 ? 5 : wide * high
    let job = PictureJob.job("a cat") { ($0.seed, $0.count) = (4, count) }
    let made = try tiny.run([JobLine(job)], output: "out/", grid: columns)
    #expect(made.made.count == count && made.grids == ["00001-4-grid.png"])
    let grid = try ImageFile.load(tiny.file("out/00001-4-grid.png"))
    let (w, h) = columns == 0 ? (3, 2) : (wide, high)
    // 64 pixels a picture, 4 between and around them.
    #expect(grid.width == w * 68 + 4 && grid.height == h * 68 + 4)
    let first = try ImageFile.load(tiny.file("out/\(made.made[0])"))
    #expect(grid.cropped(x: 4, y: 4, width: 64, height: 64).pixels == first.converted(toChannels: 3).pixels)
  }

  /// A strip is one row, and its grid makes the strip again.
  @Test func strips() throws {
    let job = PictureJob.job("a cat") { ($0.seed, $0.toPrompt, $0.frames) = (4, "a dog", 4) }
    try tiny.run([JobLine(job)], output: "out/", grid: 0)
    let grid = tiny.file("out/00001-4-grid.png")
    #expect(try ImageFile.load(grid).width == 4 * 68 + 4)
    let origin = try PictureOrigin(grid, locator: nil)
    #expect(origin.job.frames == 4 && origin.job.toPrompt == "a dog" && origin.notes.isEmpty)
    try tiny.run([JobLine(PictureJob())], below: origin.job, output: "again/", grid: 0)
    #expect(try Data(contentsOf: grid) == Data(contentsOf: tiny.file("again/00001-4-grid.png")))
  }

  /// It is there again after a run that found all pictures, and of one picture there is none.
  @Test func onlyWhereItIsMissing() throws {
    let lines = [
      JobLine(number: 1, .job("a cat") { ($0.seed, $0.count) = (4, 2) }), JobLine(number: 2, .job("a dog")),
    ]
    let first = try tiny.run(lines, output: "out/", keepsManifest: true, grid: 0)
    #expect(first.grids.count == 1)
    #expect(try tiny.run(lines, output: "out/", keepsManifest: true, grid: 0).grids.isEmpty)
    try FileManager.default.removeItem(at: tiny.file("out/\(first.grids[0])"))
    let again = try tiny.run(lines, output: "out/", keepsManifest: true, grid: 0)
    #expect(again.made.isEmpty && again.grids == first.grids)
  }

  @Test func tensorsAreNoPictures() throws {
    let job = PictureJob.job("a cat") { $0.count = 2 }
    #expect(throws: JobError.self) { try tiny.run([JobLine(job)], output: "a.safetensors", grid: 0) }
  }
}
