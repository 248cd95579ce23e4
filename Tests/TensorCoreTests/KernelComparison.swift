import TensorCore
import TestSupport
import Testing

/// Sizes around the widths of vector registers.
let vectorSizes = [0, 1, 7, 8, 9, 31, 33, 64]

/// A device and an activation type to test it with.
struct Setup: Sendable, CustomTestStringConvertible {
  let device: Device
  let dtype: DType
  var testDescription: String { "\(device.name) \(dtype)" }

  /// The devices under test that can compute here, in both types they compute in.
  static let all = Device.available.filter { $0 !== Device.reference }.flatMap { device in
    [Setup(device: device, dtype: .f32), Setup(device: device, dtype: .bf16)]
  }
}

/// Makes the same inputs on each device, all of them at addresses without alignment.
struct Inputs {
  let device: Device
  let dtype: DType
  var random: TestRandom

  var kernels: any Kernels { device.kernels }

  mutating func normal(_ shape: [Int], _ type: DType? = nil) -> Tensor {
    make(random.normals(shape.reduce(1, *)), shape, type ?? dtype)
  }

  mutating func uniform(_ shape: [Int], _ range: Range<Float>, _ type: DType? = nil) -> Tensor {
    make(random.uniforms(shape.reduce(1, *), range), shape, type ?? dtype)
  }

  mutating func indices(_ shape: [Int], below limit: Int) -> Tensor {
    let values = (0..<shape.reduce(1, *)).map { _ in Int32(random.next() % UInt64(limit)) }
    return Tensor(values, shape: shape, device: device)
  }

  /// A view that starts one element into its memory.
  func make(_ values: [Float], _ shape: [Int], _ type: DType) -> Tensor {
    Tensor([0] + values, shape: [values.count + 1], device: device).cast(to: type)
      .slice(axis: 0, from: 1, count: values.count).reshaped(shape)
  }
}

/// Runs `body` on the device under test and on the reference and compares what it returns.
///
/// Inputs are standard normal unless `body` says otherwise, so a sum of K products is about √K and its rounding
/// error about ε√K. Arithmetic is float32 whatever the inputs are: float32 results may be off by 8 ε√K, absolutely
/// and relatively. bfloat16 results are rounded once more, by up to 2⁻⁸ of the value; twice that is allowed.
/// - Parameters:
///   - reduction: K.
///   - roundsOperands: whether a device may round an operand to bfloat16 before it multiplies, when activations are
///     bfloat16. Each of K products is then off by up to 2⁻⁸, their sum by 2⁻⁸ √K or, among thousands, some times that.
///   - slack: factor on the bounds, where the caller says why.
func compare(
  _ setup: Setup, reduction: Int = 1, roundsOperands: Bool = false, slack: Float = 1,
  _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (inout Inputs) -> [Tensor?]
) {
  func run(_ device: Device) -> [Tensor?] {
    Device.$current.withValue(device) {
      var inputs = Inputs(device: device, dtype: setup.dtype, random: TestRandom(seed: 7))
      return body(&inputs)
    }
  }
  let root = Float(max(reduction, 1)).squareRoot()
  let isRounded = roundsOperands && setup.dtype == .bf16
  let (actual, expected) = (run(setup.device), run(.reference))
  #expect(actual.count == expected.count, sourceLocation: sourceLocation)
  for (index, (a, e)) in zip(actual, expected).enumerated() {
    guard let a, let e else {
      #expect(a == nil && e == nil, "\(what), result \(index)", sourceLocation: sourceLocation)
      continue
    }
    let atol = (isRounded ? 0x1p-6 : 0x1p-20) * root
    let rtol = isRounded || e.dtype != .f32 ? 0x1p-7 : 0x1p-20 * root
    expectClose(
      a, e, atol: atol * slack, rtol: rtol * slack, "\(what), result \(index)",
      sourceLocation: sourceLocation)
  }
}
