import Foundation
import Generation
import Images
import PipelineSupport
import TestSupport
import Testing

@Suite struct MaskTests {
  @Test func blurIsAGaussianCutOffAtItsRadius() {
    let side = 41
    let mask = Mask(TestPictures.mask(width: side, height: side, x: 20..<21, y: 0..<side))
    let sigma = 2.0
    let radius = 5
    let soft = mask.blurred(sigma: sigma)
    let weights = (-radius...radius).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
    let total = weights.reduce(0, +)
    for x in 0..<side {
      let distance = abs(x - 20)
      let expected = distance <= radius ? 255 * weights[distance + radius] / total : 0
      // Half a level from rounding, and float32 sums.
      #expect(abs(Double(soft.image.pixels[20 * side + x]) - expected) <= 0.501, "\(x)")
      // The column runs from border to border, and mirroring goes on with it.
      #expect(soft.image.pixels[x] == soft.image.pixels[20 * side + x], "\(x)")
    }
  }

  @Test func noBlurChangesNothing() {
    let mask = Mask(TestPictures.noise(width: 9, height: 5, channels: 1))
    #expect(mask.blurred(sigma: 0) == mask && mask.blurred(sigma: 0.1) == mask)
    #expect(
      Mask(TestPictures.plain(width: 7, height: 3, [255])).blurred(sigma: 3).image.pixels.allSatisfy { $0 == 255 })
  }

  @Test func transparentPartsOfAMaskPictureAreKept() {
    var picture = TestPictures.plain(width: 2, height: 1, [255, 255, 255, 255])
    picture.pixels[7] = 0
    #expect(Mask(picture).image.pixels == [255, 0])
  }
}
