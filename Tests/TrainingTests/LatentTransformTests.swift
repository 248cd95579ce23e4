import TensorCore
import Testing
import Training

@Suite struct LatentTransformTests {
  /// `[1, 8, 8, 2]`: the column, the row.
  private let x = Tensor((0..<64).flatMap { [Float($0 % 8), Float($0 / 8)] }, shape: [1, 8, 8, 2])

  @Test func wholeSizeLeavesEverything() {
    #expect(LatentTransform(side: 8, isMirrored: false)(x).floats() == x.floats())
  }

  @Test func mirroringTurnsColumnsOnly() {
    let y = LatentTransform(side: 8, isMirrored: true)(x).floats()
    for place in 0..<64 {
      #expect(y[2 * place] == Float(7 - place % 8))
      #expect(y[2 * place + 1] == Float(place / 8))
    }
  }

  @Test func halfTheSizeKeepsPlaces() {
    let y = LatentTransform(side: 4, isMirrored: false)(x)
    #expect(y.shape == [1, 4, 4, 2])
    // Away from the edges a ramp stays a ramp: new pixel k has its centre at 2k + 1, half a pixel right of old pixel 2k.
    let values = y.floats()
    for k in 1...2 { #expect(abs(values[2 * (4 + k)] - (2 * Float(k) + 0.5)) < 1e-5) }
  }

  @Test func picturesFollowTheirLatents() {
    let picture = Tensor([Float](repeating: 0.5, count: 32 * 32), shape: [1, 32, 32, 1])
    let small = LatentTransform(side: 5, isMirrored: true)(picture, scale: 4)
    #expect(small.shape == [1, 20, 20, 1])
    #expect(small.floats().allSatisfy { abs($0 - 0.5) < 1e-6 })
  }
}
