import Foundation
import NN
import TensorCore
import TestSupport
import Testing
import Training

@Suite struct OptimizerTests {
  private let gradient: [Double] = [3, 4]

  /// Three steps of an optimiser under the gradient (3, 4), clipped to norm 1.
  private func steps(_ settings: OptimizerSettings) -> [Float] {
    let parameter = Parameter(name: "p", value: Tensor([1, -2] as [Float], shape: [2]), isTrainable: true)
    var optimizer = settings.make([parameter])
    for _ in 0..<3 {
      let (_, gradients) = valueAndGradients { (parameter.tensor * Tensor(gradient.map(Float.init), shape: [2])).sum() }
      let norm = gradients.norm(of: [parameter])
      #expect(abs(norm - 5) < 1e-9)
      optimizer.step(gradients, scale: settings.clipping(norm: norm), rates: [0.01])
    }
    return parameter.value.floats()
  }

  /// Against torch's formula, worked by hand in double precision.
  @Test func adamWFollowsTorch() {
    var settings = OptimizerSettings()
    settings.weightDecay = 0.1
    var (p, m, v) = ([1.0, -2.0], [0.0, 0.0], [0.0, 0.0])
    for step in 1...3 {
      for i in 0..<2 {
        let g = gradient[i] * (1 / (5 + 1e-6))
        p[i] *= 1 - 0.01 * 0.1
        m[i] = 0.9 * m[i] + 0.1 * g
        v[i] = 0.999 * v[i] + 0.001 * g * g
        let (c1, c2) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
        p[i] -= 0.01 / c1 * m[i] / ((v[i] / c2).squareRoot() + 1e-8)
      }
    }
    // Three float32 updates: a few units in the last place.
    for (a, b) in zip(steps(settings), p) { #expect(abs(Double(a) - b) < 2e-6) }
  }

  /// Chen et al. 2023, algorithm 2.
  @Test func lionFollowsItsPaper() {
    var settings = OptimizerSettings()
    (settings.name, settings.weightDecay) = (.lion, 0.1)
    var (p, m) = ([1.0, -2.0], [0.0, 0.0])
    for _ in 1...3 {
      for i in 0..<2 {
        let g = gradient[i] * (1 / (5 + 1e-6))
        let c = 0.9 * m[i] + 0.1 * g
        p[i] -= 0.01 * ((c > 0 ? 1 : -1) + 0.1 * p[i])
        m[i] = 0.99 * m[i] + 0.01 * g
      }
    }
    for (a, b) in zip(steps(settings), p) { #expect(abs(Double(a) - b) < 2e-6) }
  }

  /// Vectors are AdamW's.
  @Test func muonLeavesVectorsToAdamW() {
    var settings = OptimizerSettings()
    let adamW = steps(settings)
    settings.name = .muon
    #expect(steps(settings) == adamW)
  }

  /// Five of Jordan's steps bring singular values from anywhere above a hundredth to between 0.65 and 1.25 (his figures:
  /// 0.68 to 1.13), so `X Xᵀ` has its eigenvalues between their squares.
  @Test(arguments: [[6, 6], [4, 9], [9, 4]]) func muonMakesMatricesOrthogonal(_ shape: [Int]) {
    var random = TestRandom(seed: 3)
    let x = Muon.orthogonal(random.tensor(shape), dtype: .f32)
    let isTall = shape[0] > shape[1]
    let product = isTall ? x.matmul(x, transposeA: true) : x.matmul(x, transposeB: true)
    let size = product.shape[0]
    let values = SymmetricMatrix.eigen(product.floats().map(Double.init), size: size).values
    #expect(values.allSatisfy { (0.65 * 0.65)...(1.25 * 1.25) ~= $0 }, "\(values)")
    #expect(Muon.isMatrix(Parameter(name: "a.weight", value: .zeros([2, 3]), isTrainable: true)))
    #expect(!Muon.isMatrix(Parameter(name: "conv_in.weight", value: .zeros([2, 3, 3, 3]), isTrainable: true)))
  }

  /// Matrices of one shape go together; each gets what it gets alone, in another order of summation at most.
  @Test func muonInGroupsIsMuonAlone() {
    var settings = OptimizerSettings()
    settings.name = .muon
    var random = TestRandom(seed: 8)
    let shapes = [[4, 6], [6, 4], [4, 2, 3], [4, 6], [4, 6], [5]]
    let starts = shapes.map { random.tensor($0) }
    let goals = shapes.map { random.tensor($0) }
    func trained(_ numbers: [Int]) -> [[Float]] {
      let parameters = numbers.map { Parameter(name: "p\($0)", value: starts[$0].ownedFloat32(), isTrainable: true) }
      var optimizer = settings.make(parameters)
      for _ in 0..<4 {
        let (_, gradients) = valueAndGradients {
          zip(parameters, numbers).map { ($0.tensor - goals[$1]).squared.sum() }.reduce(.zeros([])) { $0 + $1 }
        }
        optimizer.step(gradients, scale: 0.5, rates: parameters.map { _ in 0.05 })
      }
      return parameters.map { $0.value.floats() }
    }
    let together = trained(Array(shapes.indices))
    for number in shapes.indices {
      for (a, b) in zip(together[number], trained([number])[0]) { #expect(abs(a - b) < 1e-5) }
      #expect(together[number] != starts[number].floats())
    }
  }

  /// A quadratic bowl: each of them goes down.
  @Test(arguments: OptimizerName.allCases) func goesDown(_ name: OptimizerName) {
    var settings = OptimizerSettings()
    (settings.name, settings.weightDecay) = (name, 0)
    var random = TestRandom(seed: 5)
    let (parameter, goal) = (
      Parameter(name: "w", value: random.tensor([4, 5]), isTrainable: true), random.tensor([4, 5])
    )
    var optimizer = settings.make([parameter])
    var losses: [Float] = []
    // Muon's steps have one length for the whole matrix: 0.2 √5 of its rate in each direction.
    let rate: Float = name == .muon ? 0.1 : 0.03
    for _ in 0..<60 {
      let (loss, gradients) = valueAndGradients { (parameter.tensor - goal).squared.mean() }
      losses.append(loss.scalar)
      optimizer.step(gradients, scale: 1, rates: [rate])
    }
    #expect(losses[59] < losses[0] / 4, "\(name): \(losses[0]) to \(losses[59])")
  }
}
