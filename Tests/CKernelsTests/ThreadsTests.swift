import CKernels
import Synchronization
import Testing

/// Loops and the pool. Serialised: the number that is set, and which of them is slow, holds for the process. Other suites hold a number for
/// themselves (`ik_hold_threads`).
@Suite(.serialized) struct ThreadsTests {
  final class Visits: Sendable {
    let ranges = Mutex<[(range: Range<Int64>, member: Int32)]>([])
  }

  static func visits(_ n: Int64, grain: Int64) -> [(range: Range<Int64>, member: Int32)] {
    let visits = Visits()
    ik_parallel_for(
      n, grain,
      { context, begin, end in
        guard let context else { return }
        Unmanaged<Visits>.fromOpaque(context).takeUnretainedValue().ranges
          .withLock { $0.append((begin..<end, ik_member())) }
      }, Unmanaged.passUnretained(visits).toOpaque())
    return visits.ranges.withLock { $0.sorted { $0.range.lowerBound < $1.range.lowerBound } }
  }

  @Test(arguments: [0, 1, 2, 3, 7, 100, 1001, 70_000], [0, 1, 5, 50, 1024, 5000])
  func rangesCoverEverythingOnce(n: Int, grain: Int) {
    let before = ik_threads()
    defer { ik_set_threads(before) }
    for threads in 1...5 {
      ik_set_threads(Int32(threads))
      let visits = Self.visits(Int64(n), grain: Int64(grain))
      #expect(visits.flatMap { Array($0.range) } == (0..<Int64(n)).map { $0 })
      #expect(visits.allSatisfy { !$0.range.isEmpty && 0..<threads ~= Int($0.member) })
      if grain > 1 { #expect(visits.count <= max(1, n / grain)) }
    }
  }

  /// Whoever is slow, also the thread that started the loop: everything is done once.
  @Test(arguments: [2, 3, 5]) func slowThreadsChangeNothing(threads: Int) {
    let before = ik_threads()
    defer {
      ik_set_threads(before)
      ik_delay(-1, 0)
    }
    ik_set_threads(Int32(threads))
    for slow in 0..<threads {
      ik_delay(Int32(slow), 1000)
      for _ in 0..<3 {
        let visits = Self.visits(1000, grain: 10)
        #expect(visits.flatMap { Array($0.range) } == (0..<1000).map { $0 })
      }
    }
  }

  /// A number set by one thread holds for every other, also for those that are there already; one that is held, for the holder alone.
  @Test func theNumberReachesEveryThread() async {
    let before = ik_threads()
    defer { ik_set_threads(before) }
    @Sendable func members() -> Int { Set(Self.visits(4000, grain: 1).map(\.member)).count }
    let (ask, told) = AsyncStream<Int32>.makeStream()
    let (answers, answer) = AsyncStream<[Int]>.makeStream()
    let other = Task.detached {
      for await held in ask {
        _ = ik_hold_threads(held)
        answer.yield([Int(ik_threads()), members()])
        _ = ik_hold_threads(0)
      }
    }
    var found = answers.makeAsyncIterator()
    for (set, held, expected) in [(1, 0, 1), (4, 0, 4), (4, 2, 2), (2, 0, 2)] as [(Int32, Int32, Int)] {
      ik_set_threads(set)
      told.yield(held)
      let seen = await found.next() ?? []
      #expect(seen.first == expected && (seen.last ?? 99) <= expected, "set \(set), held \(held): \(seen)")
      #expect(ik_threads() == set)
    }
    told.finish()
    await other.value
  }

  /// A loop inside of a loop runs on the thread that meets it.
  @Test func loopsDoNotNest() {
    let before = ik_threads()
    defer { ik_set_threads(before) }
    ik_set_threads(3)
    let visits = Visits()
    ik_parallel_for(
      20, 1,
      { context, begin, end in
        for _ in begin..<end {
          ik_parallel_for(
            7, 1,
            { context, begin, end in
              guard let context else { return }
              Unmanaged<Visits>.fromOpaque(context).takeUnretainedValue().ranges
                .withLock { $0.append((begin..<end, ik_member())) }
            }, context)
        }
      }, Unmanaged.passUnretained(visits).toOpaque())
    let ranges = visits.ranges.withLock { $0.map(\.range) }
    #expect(ranges == Array(repeating: 0..<7, count: 20))
  }

  /// Loops of several threads at once: one has the pool, the others run where they are.
  @Test func loopsBesideEachOther() async {
    let before = ik_threads()
    defer { ik_set_threads(before) }
    ik_set_threads(3)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<50).allSatisfy { _ in
            Self.visits(300, grain: 3).flatMap { Array($0.range) } == (0..<300).map { $0 }
          }
        }
      }
      for await isWhole in group { #expect(isWhole) }
    }
  }

  @Test func forcedLevelsAreClamped() {
    let best = ik_isa_level()
    defer { ik_force_isa_level(best) }
    let names = ["baseline", "avx2", "avx512", "avx512-bf16"]
    for level in -1...4 {
      ik_force_isa_level(Int32(level))
      #expect(ik_isa_level() <= 3 && ik_isa_level() >= 0 && ik_isa_level() <= max(0, level))
      #expect(String(cString: ik_isa()) == names[Int(ik_isa_level())])
    }
  }
}
