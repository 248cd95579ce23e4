import Dispatch
import Foundation
import Synchronization
import TensorCore
import Testing
import Training

/// A cache of seven tiny pictures in shards of three.
@Suite struct LatentCacheTests {
  private func identity(_ value: String = "a") throws -> RunIdentity {
    try RunIdentity(of: ["seed": 1], facts: ["autoencoder": value])
  }

  private func shard(_ range: Range<Int>) -> LatentCache.Shard {
    LatentCache.Shard(
      latents: Tensor(range.flatMap { index in (0..<8).map { Float(index * 8 + $0) } }, shape: [range.count, 2, 2, 2]),
      captions: range.map { "picture \($0)\nof \"seven\"" },
      truths: range.map {
        SceneTruth(thing: $0, hand: 1, facing: $0 % 3, box: [0.1, 0.2, 0.3, Float($0)], figures: 1 + $0 % 2)
      })
  }

  private func open(
    _ folder: URL, count: Int = 7, _ identity: RunIdentity, stopAt: Int = .max, made: inout [Range<Int>],
    notes: inout [String]
  ) throws -> LatentCache? {
    var (ranges, lines) = ([Range<Int>](), [String]())
    defer { (made, notes) = (ranges, lines) }
    func make(_ range: Range<Int>) -> LatentCache.Shard? {
      if range.lowerBound >= stopAt { return nil }
      ranges.append(range)
      return shard(range)
    }
    return try LatentCache.open(
      folder, count: count, identity: identity, rows: 3, note: { lines.append($0) }, make: make)
  }

  @Test func whatWasStoppedGoesOn() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url.appendingPathComponent("latents")
    var (made, notes) = ([Range<Int>](), [String]())
    #expect(try open(folder, identity(), stopAt: 3, made: &made, notes: &notes) == nil)
    #expect(made == [0..<3])
    let cache = try #require(try open(folder, identity(), made: &made, notes: &notes))
    #expect(made == [3..<6, 6..<7] && notes.isEmpty)
    #expect(cache.count == 7 && cache.latentShape == [2, 2, 2])
    #expect(cache.captions[4] == "picture 4 of \"seven\"", "a caption is one line")
    #expect(cache.truths == shard(0..<7).truths)
    // Small whole numbers are exact in 16 bits.
    #expect(cache.batch([6, 0, 4]).floats() == shard(6..<7).values + shard(0..<1).values + shard(4..<5).values)
    // More pictures need only what is new, fewer nothing.
    let more = try #require(try open(folder, count: 8, identity(), made: &made, notes: &notes))
    #expect(made == [6..<8] && more.count == 8)
    let fewer = try #require(try open(folder, count: 4, identity(), made: &made, notes: &notes))
    #expect(made.isEmpty && fewer.count == 4 && fewer.captions.count == 4 && fewer.truths.count == 4)
  }

  @Test func anotherOriginIsToldAndNothingIsLost() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url.appendingPathComponent("latents")
    var (made, notes) = ([Range<Int>](), [String]())
    _ = try open(folder, identity(), made: &made, notes: &notes)
    #expect {
      _ = try open(folder, identity("b"), made: &made, notes: &notes)
    } throws: { error in
      "\(error)".contains(folder.path) && "\(error)".contains("autoencoder was a and is now b")
    }
    #expect(made.isEmpty)
    _ = try open(folder, identity(), made: &made, notes: &notes)
    #expect(made.isEmpty, "the shards are there still")
  }

  /// Processes that open one folder together make each shard once, and all have all of them.
  @Test func severalShareTheWork() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url.appendingPathComponent("latents")
    let identity = try identity()
    let made = Mutex<[[Int]]>([[], [], []])
    let counts = Mutex<[Int]>([])
    DispatchQueue.concurrentPerform(iterations: 3) { process in
      let cache = try? LatentCache.open(
        folder, count: 18, identity: identity, rows: 3, note: { _ in },
        make: { range in
          made.withLock { $0[process].append(range.lowerBound) }
          Thread.sleep(forTimeInterval: 0.03)
          return shard(range)
        })
      counts.withLock { $0.append(cache?.count ?? 0) }
    }
    let each = made.withLock { $0 }
    #expect(each.flatMap { $0 }.sorted() == [0, 3, 6, 9, 12, 15], "\(each)")
    #expect(counts.withLock { $0 } == [18, 18, 18])
  }

  @Test func aDamagedShardIsMadeAgain() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url.appendingPathComponent("latents")
    var (made, notes) = ([Range<Int>](), [String]())
    _ = try open(folder, identity(), made: &made, notes: &notes)
    let file = folder.appendingPathComponent("shard-00001.safetensors")
    try Data(contentsOf: file).dropLast(9).write(to: file)
    let cache = try #require(try open(folder, identity(), made: &made, notes: &notes))
    #expect(made == [3..<6] && notes.count == 1 && notes[0].contains("shard-00001.safetensors is damaged"))
    #expect(cache.batch([5]).floats() == shard(5..<6).values)
  }

  @Test func aFileInItsPlaceIsToldOf() throws {
    let scratch = try ScratchFolder()
    let file = scratch.url.appendingPathComponent("latents.safetensors")
    try Data("old".utf8).write(to: file)
    var (made, notes) = ([Range<Int>](), [String]())
    #expect {
      _ = try open(file, identity(), made: &made, notes: &notes)
    } throws: { "\($0)".contains("is a file") }
  }
}

extension LatentCache.Shard {
  fileprivate var values: [Float] { latents.floats() }
}
