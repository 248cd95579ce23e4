import Foundation
import Images
import Testing
import Training

/// Buckets, captions, orders and folders of a fine-tuning run.
@Suite struct FineTuningPartsTests {
  @Test func noPictureIsEnlargedAndLittleIsCutOff() {
    let buckets = Buckets(resolution: 512, multiple: 8)
    #expect(buckets.step == 64 && buckets.shapes.contains(Buckets.Shape(width: 512, height: 512)))
    for shape in buckets.shapes {
      #expect(shape.width % 64 == 0 && shape.height % 64 == 0 && shape.width * shape.height <= 512 * 512)
    }
    for (width, height) in [
      (1000, 1000), (3000, 2000), (2000, 3000), (600, 4000), (513, 700), (520, 200), (64, 64), (70, 900),
    ] {
      guard let shape = buckets.shape(width: width, height: height) else {
        Issue.record("\(width)×\(height) has no shape")
        continue
      }
      #expect(shape.width <= width && shape.height <= height, "\(width)×\(height) would be enlarged to \(shape)")
      let best =
        buckets.shapes.filter { $0.width <= width && $0.height <= height }
        .map { Buckets.kept($0, width, height) }.max() ?? 0
      #expect(Buckets.kept(shape, width, height) >= best - 1e-9)
    }
    // Ratios 1.5 and 1.67: a tenth is cut off; the next shape, 576×448, would lose more.
    #expect(buckets.shape(width: 3000, height: 2000) == Buckets.Shape(width: 640, height: 384))
    #expect(buckets.shape(width: 63, height: 500) == nil)
  }

  @Test func captionsGetTheirTrigger() {
    var settings = PictureSettings(path: "")
    #expect(CaptionRules(settings).caption("a house") == "a house")
    settings.trigger = "zkz style"
    #expect(CaptionRules(settings).caption("a house") == "zkz style, a house")
    #expect(CaptionRules(settings).caption("a house in zkz style") == "a house in zkz style")
    #expect(CaptionRules(settings).caption("") == "zkz style")
    // Within another word it is not there.
    settings.trigger = "art"
    #expect(CaptionRules(settings).caption("a cart") == "art, a cart")
    #expect(CaptionRules(settings).caption("clip-art, a cart") == "clip-art, a cart")
    (settings.trigger, settings.className) = ("zkz", "a dog")
    #expect(CaptionRules(settings).caption("") == "a zkz dog")
  }

  @Test func tagsShuffleBehindTheKeptOnesAndTheSameExampleDrawsTheSame() {
    var settings = PictureSettings(path: "")
    (settings.shufflesTags, settings.keptTags) = (true, 1)
    let rules = CaptionRules(settings)
    var seen: Set<String> = []
    for example in 0..<40 {
      var (first, second) = (
        ExampleRandom(seed: 1, example: example, epoch: 0), ExampleRandom(seed: 1, example: example, epoch: 0)
      )
      let caption = rules.draw("zkz, a, b, c", random: &first)
      #expect(caption == rules.draw("zkz, a, b, c", random: &second))
      #expect(caption.hasPrefix("zkz, ") && Set(caption.components(separatedBy: ", ")) == ["zkz", "a", "b", "c"])
      seen.insert(caption)
    }
    #expect(seen.count == 6, "all orders of three come up in forty draws")
    settings.captionDropout = 1
    var random = ExampleRandom(seed: 1, example: 0, epoch: 0)
    #expect(CaptionRules(settings).draw("zkz", random: &random).isEmpty)
  }

  @Test func everyExampleComesOnceAnEpochInBatchesOfOneKind() {
    let groups = [[0, 3, 4], [1, 2], [5, 6, 7, 8, 9]]
    var order = GroupedOrder(groups: groups, size: 2, seed: 3)
    #expect(order.batchesPerEpoch == 6)
    for epoch in 0..<3 {
      var all: [Int] = []
      for number in 0..<6 {
        let draws = order.batch(epoch * 6 + number)
        #expect(draws.allSatisfy { $0.epoch == epoch } && !draws.isEmpty && draws.count <= 2)
        #expect(groups.contains { Set($0).isSuperset(of: draws.map(\.index)) })
        all += draws.map(\.index)
      }
      #expect(all.sorted() == Array(0..<10))
    }
    // Asked out of turn, a batch is the same.
    var other = GroupedOrder(groups: groups, size: 2, seed: 3)
    #expect(other.batch(15) == order.batch(15) && other.batch(2) == order.batch(2))
  }

  private func save(_ width: Int, _ height: Int, to url: URL) throws {
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    let image = Image(
      width: width, height: height, channels: 3,
      pixels: (0..<(width * height * 3)).map { UInt8(truncatingIfNeeded: $0) })
    try ImageFile.save(image, to: url)
  }

  @Test func aFoldersPicturesAreFoundAndTheOthersNamed() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try save(40, 30, to: folder.appendingPathComponent("a.png"))
    try Data("a house".utf8).write(to: folder.appendingPathComponent("a.txt"))
    try save(40, 30, to: folder.appendingPathComponent("7_zkz dog/b.jpg"))
    try save(5, 30, to: folder.appendingPathComponent("tiny.png"))
    try Data("not a picture".utf8).write(to: folder.appendingPathComponent("broken.jpg"))
    try Data("a hose".utf8).write(to: folder.appendingPathComponent("aa.txt"))
    let rules = CaptionRules(PictureSettings(path: ""))
    let found = try TrainingPictures(folder, rules: rules, isMasked: false, least: 8)
    #expect(found.pictures.map(\.name) == ["7_zkz dog/b.jpg", "a.png"])
    #expect(found.pictures.map(\.caption) == ["zkz dog", "a house"] && found.pictures.map(\.repeats) == [7, 1])
    #expect(found.skipped.map(\.name) == ["broken.jpg", "tiny.png", "aa.txt"])
    #expect(found.skipped[1].reason.contains("5×30"))
    // A mask belongs to a picture of its size.
    try save(20, 30, to: folder.appendingPathComponent("a.mask.png"))
    let masked = try TrainingPictures(folder, rules: rules, isMasked: true, least: 8)
    #expect(masked.pictures.map(\.name) == ["7_zkz dog/b.jpg"])
    #expect(
      masked.skipped.contains { $0.name == "a.png" && $0.reason.contains("20×30, its picture 40×30; give a mask") })
    #expect(throws: TrainingError.self) {
      _ = try TrainingPictures(folder.appendingPathComponent("nowhere"), rules: rules, isMasked: false, least: 8)
    }
    let empty = folder.appendingPathComponent("empty")
    try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
    #expect(throws: TrainingError.self) { _ = try TrainingPictures(empty, rules: rules, isMasked: false, least: 8) }
  }

  /// A run beside its pictures does not learn from its own samples.
  @Test func whatARunWritesIsNoneOfItsPictures() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    for name in ["a.png", "x.run/samples-0.png", "x-before-after.png", "x.run/prior/1/1.png", "x.runner/b.png"] {
      try save(40, 30, to: folder.appendingPathComponent(name))
    }
    let own = ["x.run", "x-before-after.png"].map { folder.appendingPathComponent($0) }
    let rules = CaptionRules(PictureSettings(path: ""))
    let found = try TrainingPictures(folder, rules: rules, isMasked: false, least: 8, own: own)
    #expect(found.pictures.map(\.name) == ["a.png", "x.runner/b.png"] && found.skipped.isEmpty)
    // Pictures within the run's folder are learnt from.
    let around = [folder, folder.deletingLastPathComponent()] + own
    let within = try TrainingPictures(folder, rules: rules, isMasked: false, least: 8, own: around)
    #expect(within.pictures.map(\.name) == found.pictures.map(\.name))
  }

  @Test func aCropKeepsTheMiddleAndNeverEnlarges() {
    let crop = Crop(width: 200, height: 100, Buckets.Shape(width: 64, height: 64))
    #expect((crop.width, crop.height, crop.left, crop.top) == (128, 64, 32, 0))
  }

  /// Zero for the folder itself, and in units of its pictures' spread.
  @Test func styleDistanceIsInUnitsOfTheSpread() {
    let wanted: [[Double]] = [[1, 10], [3, 30]]
    #expect(StyleDistance.distance(wanted, from: wanted) == 0)
    #expect(abs(StyleDistance.distance([[3, 30]], from: wanted) - 1) < 1e-12)
  }
}
