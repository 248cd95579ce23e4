import Evaluation
import Generation
import Images
import ModelFiles
import Models
import Testing

/// What a judge learns from besides crisp pictures.
@Suite struct PicturesGivenBackTests {
  /// Two slopes and a colour of its own.
  private static func picture(_ number: Int) -> Image {
    var pixels: [UInt8] = []
    for row in 0..<96 {
      for column in 0..<64 { pixels += [UInt8(3 * column), UInt8(2 * row), UInt8(60 * number)] }
    }
    return Image(width: 64, height: 96, channels: 3, pixels: pixels)
  }

  @Test func everySecondPictureHasGoneThroughTheAutoencoder() throws {
    let pictures = (0..<3).map { Self.picture($0) }
    let set = JudgedPictures(
      place: "here", names: ["a", "b", "c"], captions: ["one", "two", "three"],
      truths: Array(repeating: PictureTruth(), count: 3), load: { pictures[$0] })
    let half = try set.half(through: PipelineComponents.bundled(), precision: .f32)
    #expect(half.names == set.names && half.captions == set.captions)
    for index in [0, 2] { #expect(try half.image(index).pixels == pictures[index].pixels) }
    let seen = try half.image(1)
    #expect(seen.width == 256 && seen.height == 256)
    // Not what it was, and still that picture and no other.
    let wanted = pictures[1].resized(width: 256, height: 256, filter: .bicubic)
    var error = 0
    for (a, b) in zip(seen.pixels, wanted.pixels) { error += abs(Int(a) - Int(b)) }
    #expect(error > 0 && error < 8 * seen.pixels.count, "\(error) over \(seen.pixels.count)")
  }
}
