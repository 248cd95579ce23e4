import Randomness
import Testing

/// Brownian paths against torchsde's.
@Suite struct BrownianTreeTests {
  private let fixture: TorchFixture

  init() throws { fixture = try TorchFixture("brownian") }

  private func floats(_ key: String) throws -> [Float] {
    guard case .floats(let values)? = fixture.tensors[key] else { throw MissingValues(key: key) }
    return values
  }

  private struct MissingValues: Error { let key: String }

  /// Stored pairs of times.
  private func queries() throws -> [(from: Double, to: Double)] {
    let all = try floats("queries").map(Double.init)
    return stride(from: 0, to: all.count, by: 2).map { (all[$0], all[$0 + 1]) }
  }

  /// A path over all levels of Stable Diffusion.
  private func tree<Source: RandomNumberSource>(_: Source.Type, seed: UInt64) throws -> BrownianTree<Source> {
    let ends = try floats("ends")
    return BrownianTree(from: Double(ends[0]), to: Double(ends[1]), entropy: seed, count: 64)
  }

  /// 1e-5, which torch's normals are known to; some are over the path's ends, of no length, or of one step of the tree.
  @Test(arguments: [0, 42, 7, 1_099_511_627_781] as [UInt64]) func torch(seed: UInt64) throws {
    try expectStored(tree(TorchGenerator.self, seed: seed), "tree.torch.\(seed)")
  }

  /// The same path with AUTOMATIC1111's generators.
  @Test(arguments: [0, 42, 7, 1_099_511_627_781] as [UInt64]) func philox(seed: UInt64) throws {
    try expectStored(tree(PhiloxGenerator.self, seed: seed), "tree.nv.\(seed)")
  }

  private func expectStored<Source>(_ tree: BrownianTree<Source>, _ key: String) throws {
    let (queries, stored) = (try queries(), try floats(key))
    var tree = tree
    #expect(queries.count == 13 && stored.count == 13 * 64)
    for (index, query) in queries.enumerated() {
      let expected = Array(stored[(index * 64)..<((index + 1) * 64)])
      let found = tree.increment(from: query.from, to: query.to)
      #expect(
        isClose(found, expected, tolerance: 1e-5), "\(key), \(query): \(found.prefix(4)), not \(expected.prefix(4))")
    }
  }

  /// Parts add up to the whole, in whatever order they are asked for: rounding of sums of some 40 values up to 10.
  @Test func partsAddUp() throws {
    var tree = try tree(TorchGenerator.self, seed: 3)
    let times = [0.5, 9.25, 2, 14.5, 2.000001, 7.125].sorted()
    var sum = [Float](repeating: 0, count: 64)
    for (from, to) in zip(times, times.dropFirst()).reversed() {
      sum = zip(sum, tree.increment(from: from, to: to)).map { $0 + $1 }
    }
    #expect(isClose(sum, tree.increment(from: times[0], to: times[5]), tolerance: 1e-5))
  }

  /// Steps have the variance of their length, to the 4 % that 5000 values leave at two deviations.
  @Test(arguments: [(0.5, 0.75), (3.0, 3.001), (0.0, 10.0)]) func variance(from: Double, to: Double) {
    var tree = BrownianTree<TorchGenerator>(from: 0, to: 10, entropy: 11, count: 5000)
    let gains = tree.increment(from: from, to: to)
    let variance = gains.reduce(0.0) { $0 + Double($1) * Double($1) } / 5000
    #expect(abs(variance / (to - from) - 1) < 0.04, "\(variance)")
  }
}
