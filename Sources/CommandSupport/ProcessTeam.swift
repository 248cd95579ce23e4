import Foundation
import Generation
import MPICommunicator
import Training

/// The processes that `mpirun` started, as work sees them that falls into independent pieces: each does a range of them, and the first
/// one, the leader, goes on with what came out.
public struct ProcessTeam: WorkTeam, Sendable {
  private let world: any Communicator

  public var leads: Bool { world.leads }

  /// Runs `work` in each process; alone where there are no others.
  /// - Parameter compute: `work` gets it with this machine's cores divided among its processes, and silent but for the leader.
  public static func run(_ compute: ComputeOptions, _ work: (ComputeOptions, ProcessTeam) throws -> Void) throws {
    try run(quiet: compute.quiet, json: compute.json) { quiet, json, team in
      var settled = compute
      (settled.quiet, settled.json) = (quiet, json)
      if compute.threads == nil { settled.threads = ProcessPlace.threads }
      try work(settled, team)
    }
  }

  /// The same for work that no threads are set for.
  public static func run(
    quiet: Bool, json: Bool, _ work: (_ quiet: Bool, _ json: Bool, ProcessTeam) throws -> Void
  ) throws {
    guard ProcessPlace.count > 1 else { return try work(quiet, json, ProcessTeam(world: SingleProcess())) }
    let world = try ProcessPlace.join()
    let team = ProcessTeam(world: world)
    try Follower.run(world, lead: { try work(quiet, json, team) }, follow: { _ in try work(true, false, team) })
  }

  /// The pieces this process does, of so many.
  public func range(of count: Int) -> Range<Int> { range(of: count, rank: world.rank) }

  private func range(of count: Int, rank: Int) -> Range<Int> {
    RowShare.range(of: count, rank: rank, size: world.size)
  }

  /// Does all pieces, each in one process, and hands every process all results.
  /// - Parameters:
  ///   - work: the results of a range of the pieces, in their order.
  ///   - pack: a result as bytes; `unpack` makes the same of them.
  public func all<Result>(
    _ count: Int, _ work: (Range<Int>) throws -> [Result], pack: (Result) throws -> [UInt8],
    unpack: ([UInt8]) throws -> Result
  ) throws -> [Result] {
    guard world.size > 1 else { return try work(0..<count) }
    let own = range(of: count)
    let results = own.isEmpty ? [] : try work(own)
    var all: [Result] = []
    all.reserveCapacity(count)
    for root in 0..<world.size {
      for piece in range(of: count, rank: root) {
        let result = root == world.rank ? results[piece - own.lowerBound] : nil
        let bytes = try broadcast(result.map { try pack($0) } ?? [], from: root)
        all.append(try result ?? unpack(bytes))
      }
    }
    return all
  }

  public func all<Result: Codable>(_ count: Int, _ work: (Range<Int>) throws -> [Result]) throws -> [Result] {
    let (encoder, decoder) = (PropertyListEncoder(), PropertyListDecoder())
    encoder.outputFormat = .binary
    return try all(
      count, work, pack: { Array(try encoder.encode($0)) }, unpack: { try decoder.decode(Result.self, from: Data($0)) })
  }

  /// What each process has, the leader's first, in every process.
  public func everyones(_ bytes: [UInt8]) throws -> [[UInt8]] {
    guard world.size > 1 else { return [bytes] }
    return try (0..<world.size).map { try broadcast($0 == world.rank ? bytes : [], from: $0) }
  }

  /// What the leader has, in every process.
  public func told(_ text: String) throws -> String {
    guard world.size > 1 else { return text }
    return String(decoding: try broadcast(leads ? Array(text.utf8) : [], from: 0), as: UTF8.self)
  }

  /// What `root` has, in every process. Numbers travel as float32, which holds bytes and, in two halves, their count.
  private func broadcast(_ bytes: [UInt8], from root: Int) throws -> [UInt8] {
    var count = [Float(bytes.count >> 20), Float(bytes.count & 0xF_FFFF)]
    try world.broadcast(&count, from: root)
    let total = Int(count[0]) << 20 | Int(count[1])
    var values = world.rank == root ? bytes.map(Float.init) : Array(repeating: 0, count: total)
    try world.broadcast(&values, from: root)
    return world.rank == root ? bytes : values.map { UInt8($0) }
  }
}
