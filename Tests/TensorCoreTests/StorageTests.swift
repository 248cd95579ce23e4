import Foundation
import TensorCore
import TestSupport
import Testing

/// Memory that notes when it is given back.
private final class MappedMemory: Sendable {
  nonisolated(unsafe) let bytes: UnsafeMutableRawPointer

  init(_ values: [Float]) {
    bytes = .allocate(byteCount: values.count * 4, alignment: 64)
    values.withUnsafeBytes {
      bytes.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(bytes), byteCount: $0.count)
    }
  }

  deinit { bytes.deallocate() }
}

@Suite struct StorageTests {
  @Test(arguments: Device.available) func mappedTensorsReadForeignMemory(_ device: Device) {
    let memory = MappedMemory([1, 2, 3, 4, 5, 6])
    let x = Tensor(mapped: memory.bytes, shape: [2, 3], dtype: .f32, owner: memory, device: device)
    #expect(x.floats() == [1, 2, 3, 4, 5, 6])
    #expect((x * x).floats() == [1, 4, 9, 16, 25, 36])
    // At an odd address, as in a file whose header has an odd length.
    let shifted = Tensor(
      mapped: memory.bytes + 2, shape: [4], dtype: .bf16, owner: memory, device: device)
    #expect(shifted.floats() == [1, 0, 2, 0])
  }

  @Test func mappedMemoryLivesAsLongAsItsTensors() {
    weak var watched: MappedMemory?
    var view: Tensor?
    do {
      let memory = MappedMemory([1, 2, 3, 4])
      watched = memory
      let whole = Tensor(
        mapped: memory.bytes, shape: [4], dtype: .f32, owner: memory, device: .reference)
      view = whole.slice(axis: 0, from: 2, count: 2)
    }
    #expect(watched != nil)
    #expect(view?.floats() == [3, 4])
    view = nil
    #expect(watched == nil)
  }

  @Test func mutateInPlaceIsSeenByViews() {
    let x = Tensor([1.0, 2, 3, 4], shape: [4], device: .reference)
    let view = x.slice(axis: 0, from: 2, count: 2)
    x.mutateInPlace { $0[3] = 40 }
    #expect(view.floats() == [3, 40])
  }

  /// Weights are repacked once and kept; after an optimiser's step the copy must be made again.
  @Test(arguments: Device.available) func derivedFormsFollowTheData(_ device: Device) {
    var random = TestRandom(seed: 4)
    let x = random.tensor([1, 4, 4, 3], device: device)
    let weight = random.tensor([8, 3, 3, 3], device: device)
    let matrix = random.tensor([5, 3], device: device)
    let kernels = device.kernels
    func results() -> [[Float]] {
      let g = ConvolutionGeometry(
        input: x.shape, weight: weight.shape, stride: 1, padding: Padding(1))
      let y = kernels.convolution(x, weight, bias: nil, residual: nil, activation: .none, g)
      return [
        y.floats(), kernels.convolutionBackwardInput(y, weight, g).floats(),
        kernels.linear(x, matrix, bias: nil, residual: nil, activation: .none).floats(),
      ]
    }
    let before = results()
    #expect(results() == before)
    for tensor in [weight, matrix] {
      tensor.mutateInPlace { buffer in for i in buffer.indices { buffer[i] *= 2 } }
    }
    let after = results()
    // Doubling is exact; the input's gradient sees the weight twice, through y.
    for (index, factor) in [2, 4, 2].enumerated() {
      expectClose(after[index], before[index].map { $0 * Float(factor) }, atol: 1e-5, rtol: 1e-5)
    }
  }

  /// Two weights in one storage, such as slices of a fused projection, must not share a derived form.
  @Test(arguments: Device.available) func derivedFormsKnowTheirOffset(_ device: Device) {
    var random = TestRandom(seed: 8)
    let both = random.tensor([2, 4, 3], device: device).cast(to: .bf16)
    let x = random.tensor([2, 3], device: device)
    let results = both.split(axis: 0, [1, 1]).map { part in
      x.linear(part.reshaped([4, 3])).floats()
    }
    let whole = x.linear(both.reshaped([8, 3])).floats()
    for row in 0..<2 {
      let expected = Array(whole[row * 8..<row * 8 + 8])
      expectClose(
        results.flatMap { $0[row * 4..<row * 4 + 4] }, expected, atol: 1e-6, rtol: 1e-5,
        "row \(row)")
    }
  }

  /// Buffers are recycled: a tensor that is still held must never be handed out again.
  @Test func recycledBuffersDoNotOverlap() {
    var held: [(tensor: Tensor, value: Float)] = []
    var random = TestRandom(seed: 2)
    for step in 0..<3000 {
      let count = 1 + Int(random.next() % 400)
      let value = Float(step)
      held.append((Tensor(repeating: value, shape: [count], device: .reference), value))
      if held.count > 40 { held.remove(at: Int(random.next() % 41)) }
      if step % 100 == 0 {
        for (tensor, value) in held { #expect(tensor.floats().allSatisfy { $0 == value }) }
      }
    }
  }

  @Test func recycledBuffersAreSafeAcrossThreads() async {
    let sums = await withTaskGroup(of: Bool.self) { group in
      for seed in 1...4 {
        group.addTask {
          var random = TestRandom(seed: UInt64(seed))
          return (0..<300).allSatisfy { _ in
            let x = random.tensor([64], device: .reference)
            let copy = x.floats()
            let y = (x + x) - x
            return y.floats() == copy
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(sums == [true, true, true, true])
  }
}
