import TensorCore
import TestSupport
import Testing

@Suite struct TensorTests {
  let counting = Tensor((0..<24).map { Float($0) }, shape: [2, 3, 4], device: .reference)

  @Test func reshapeKeepsOrder() {
    #expect(counting.reshaped([4, 6]).floats() == counting.floats())
    #expect(counting.reshaped([3, -1]).shape == [3, 8])
    #expect(counting.reshaped([-1]).shape == [24])
    #expect(Tensor.zeros([0, 3], device: .reference).reshaped([0, 5]).shape == [0, 5])
  }

  @Test func permuteMovesAxes() {
    let y = counting.permuted([2, 0, 1])
    #expect(y.shape == [4, 2, 3])
    #expect(y.floats().prefix(7) == [0, 4, 8, 12, 16, 20, 1])
    #expect(y.permuted([1, 2, 0]).floats() == counting.floats())
  }

  @Test func sliceOfLeadingAxisSharesMemory() {
    let part = counting.slice(axis: 0, from: 1, count: 1)
    #expect(part.floats() == (12..<24).map { Float($0) })
    // A slice of a slice, at an offset of its own.
    #expect(part.slice(axis: 1, from: 1, count: 2).floats() == (16..<24).map { Float($0) })
    #expect(part.reshaped([3, 4]).slice(axis: 0, from: 2, count: 1).floats() == [20, 21, 22, 23])
  }

  @Test func sliceOfInnerAxis() {
    #expect(
      counting.slice(axis: -1, from: 1, count: 2).floats() == [
        1, 2, 5, 6, 9, 10, 13, 14, 17, 18, 21, 22,
      ])
    #expect(counting.slice(axis: 1, from: 1, count: 0).shape == [2, 0, 4])
  }

  @Test func splitAndConcatenateAreInverse() {
    for axis in 0..<3 {
      let size = counting.shape[axis]
      let parts = counting.split(axis: axis, [1, size - 1])
      #expect(Tensor.concatenate(parts, axis: axis).floats() == counting.floats())
    }
    #expect(Tensor.concatenate([counting, counting], axis: -1).shape == [2, 3, 8])
  }

  @Test func broadcastRepeats() {
    let row = Tensor([1.0, 2], shape: [2, 1], device: .reference)
    #expect(row.broadcast(to: [2, 3]).floats() == [1, 1, 1, 2, 2, 2])
    let sum = row + Tensor([10.0, 20], shape: [2], device: .reference)
    #expect(sum.floats() == [11, 21, 12, 22])
  }

  @Test(arguments: Device.available) func channelsFirstRoundTrip(_ device: Device) {
    let values = (0..<2 * 3 * 4 * 5).map { Float($0) }
    let x = Tensor(channelsFirst: values, shape: [2, 3, 4, 5], device: device)
    #expect(x.shape == [2, 4, 5, 3])
    // Pixel (0, 0) of image 0 holds the first value of each of three planes of 20.
    #expect(x.floats().prefix(3) == [0, 20, 40])
    #expect(x.channelsFirstFloats() == values)
  }

  @Test func scalarsAndIndices() {
    #expect(Tensor([7.0], shape: [], device: .reference).scalar == 7)
    let ids = Tensor([3, 1, 2] as [Int32], shape: [3], device: .reference)
    #expect(ids.integers() == [3, 1, 2])
    #expect(ids.slice(axis: 0, from: 1, count: 2).integers() == [1, 2])
  }

  @Test func bytesAreThoseOfTheView() {
    let part = counting.slice(axis: 0, from: 1, count: 1)
    let copy = part.withBytes { bytes in
      stride(from: 0, to: bytes.count, by: 4).map { bytes.load(fromByteOffset: $0, as: Float.self) }
    }
    #expect(copy == part.floats())
  }

  @Test func emptyTensors() {
    let empty = Tensor.zeros([0, 4], device: .reference)
    #expect(empty.count == 0)
    #expect(empty.floats().isEmpty)
    #expect((empty + empty).shape == [0, 4])
    #expect(empty.sum().scalar == 0)
  }

  @Test func summaries() {
    #expect(Tensor([3.0, 4], shape: [2], device: .reference).sumOfSquares == 25)
    #expect(Tensor([3, .nan], shape: [2], device: .reference).firstNonFinite == 1)
    #expect(Tensor([3.0, 4], shape: [2], device: .reference).firstNonFinite == nil)
  }

  @Test(arguments: Device.available) func devicesHaveNames(_ device: Device) {
    #expect(Device.named(device.name) === device)
    #expect(device.unavailableReason == nil)
    #expect(!device.kernels.summary.isEmpty)
    #expect(Device.named("abacus") == nil)
  }
}
