import Foundation
import Images
import Synchronization
import TensorCore
import Testing
import Training

@Suite struct DataTests {
  /// What recipes name is found from any folder, and what lies in the working folder comes first.
  @Test func dataIsFoundBesideThePipelines() throws {
    let home = try ScratchFolder()
    let found = home.url.appendingPathComponent("some/data")
    try FileManager.default.createDirectory(at: found, withIntermediateDirectories: true)
    #expect(DataLocation.url("some/data", home: home.url).path == found.path)
    #expect(DataLocation.url("no/data", home: home.url) == URL(fileURLWithPath: "no/data"))
    #expect(DataLocation.url(found.path, home: URL(fileURLWithPath: "/")).path == found.path)
    #expect(DataLocation.url("Sources", home: home.url).path == URL(fileURLWithPath: "Sources").path)
  }

  /// Training goes on past a damaged picture, which is named once.
  @Test func damagedPicturesAreNamedOnce() throws {
    let folder = try ScratchFolder()
    try Data("not a picture".utf8).write(to: folder.url.appendingPathComponent("a.png"))
    let grey = Image(width: 2, height: 2, channels: 3, pixels: [UInt8](repeating: 20, count: 12))
    try ImageFile.save(grey, to: folder.url.appendingPathComponent("b.png"), text: [])
    var notes: [String] = []
    let recipe = try JSONDecoder().decode(
      DataRecipe.self, from: JSONEncoder().encode(["kind": "folder", "path": folder.url.path]))
    let data = try recipe.open { notes.append($0) }
    for _ in 0..<2 {
      let example = try data.example(0, size: 2)
      #expect(example.image.pixels.allSatisfy { $0 == 20 })
    }
    #expect(notes.count == 1 && notes[0].contains("a.png"), "\(notes)")
  }

  /// Pictures of one grey each, counted as they are opened.
  private final class Counting: CaptionedImages {
    let count = 13
    private let indices = Mutex<[Int]>([])
    var opened: [Int] { indices.withLock { $0 } }

    func example(_ index: Int, size: Int) -> CaptionedImage {
      indices.withLock { $0.append(index) }
      // Dark on the left: a mirrored one would be another.
      let row = (0..<size).flatMap { column in [UInt8](repeating: UInt8(10 * index + column), count: 3) }
      return CaptionedImage(
        image: Image(width: size, height: size, channels: 3, pixels: Array((0..<size).map { _ in row }.joined())),
        caption: "\(index)")
    }
  }

  /// However many are kept back, one batch of them is in memory.
  @Test func heldBackPicturesAreReadABatchAtATime() throws {
    let pictures = Counting()
    let samples = CaptionedSamples(content: .pixels(pictures, size: 2, mirrors: true), heldBack: 10)
    #expect(samples.count == 3)
    var (seen, openedBefore) = ([[Int]](), [Int]())
    try samples.forEachHeldBack(4) { draws, batch in
      seen.append(draws.map(\.index))
      openedBefore.append(pictures.opened.count)
      #expect(batch.captions == draws.map { "\($0.index)" } && batch.samples.shape == [draws.count, 2, 2, 3])
      for (row, draw) in draws.enumerated() {
        let first = batch.samples.floats()[row * 12] * 127.5 + 127.5
        #expect(abs(first - Float(10 * draw.index)) < 0.01, "not mirrored")
      }
    }
    #expect(seen == [[3, 4, 5, 6], [7, 8, 9, 10], [11, 12]])
    #expect(openedBefore == [4, 8, 10] && pictures.opened == Array(3..<13))
  }
}
