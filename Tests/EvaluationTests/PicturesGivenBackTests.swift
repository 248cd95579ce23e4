import Evaluation
import Generation
import Images
import ModelFiles
import Testing

/// What a judge learns from besides crisp pictures.
@Suite struct PicturesGivenBackTests {
  @Test func everySecondPictureHasGoneThroughTheAutoencoder() throws {
    let pictures = (0..<3).map { number in
      Image(
        width: 64, height: 96, channels: 3,
        pixels: (0..<64 * 96).flatMap { at in [UInt8(at % 64 * 3), UInt8(at / 64 * 2), UInt8(60 * number)] })
    }
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
    let error = zip(seen.pixels, wanted.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    #expect(error > 0 && error < 8 * seen.pixels.count, "\(error) over \(seen.pixels.count)")
  }
}
