import CKernels
import Foundation
import Glibc
import Synchronization
import Testing

@_silgen_name("GOMP_parallel") private func parallel(
  _ function: @convention(c) (UnsafeMutableRawPointer?) -> Void, _ data: UnsafeMutableRawPointer?, _ threads: UInt32,
  _ flags: UInt32)
@_silgen_name("GOMP_barrier") private func barrier()
@_silgen_name("omp_get_thread_num") private func threadNumber() -> Int32
@_silgen_name("omp_get_num_threads") private func threadCount() -> Int32
@_silgen_name("omp_get_max_threads") private func mostThreads() -> Int32
@_silgen_name("omp_in_parallel") private func isInParallel() -> Int32

/// What oneDNN asks of the OpenMP run-time is answered by our pool.
@Suite(.serialized) struct OpenMPTests {
  private final class Record: Sendable {
    let numbers = Mutex<[Int32]>([])
    let arrived = Atomic<Int>(0)
    let early = Atomic<Int>(0)

    static func of(_ pointer: UnsafeMutableRawPointer?) -> Record? {
      pointer.map { Unmanaged<Record>.fromOpaque($0).takeUnretainedValue() }
    }
  }

  /// The library loads after the program, whose functions it must find first.
  @Test func ourFunctionsComeFirst() throws {
    let library = try #require(dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD), "libgomp is not loaded")
    for name in ["GOMP_parallel", "GOMP_barrier", "omp_get_thread_num", "omp_get_num_threads", "omp_in_parallel"] {
      let found = try #require(dlsym(nil, name), "\(name)")
      #expect(found != dlsym(library, name), "\(name) is libgomp's")
    }
  }

  @Test(arguments: [1, 2, 3], [1, 4]) func partsAreDoneOnce(threads: Int32, parts: Int32) {
    defer { _ = ik_hold_threads(0) }
    _ = ik_hold_threads(threads)
    for slow in -1..<threads {
      ik_delay(slow, 2000)
      defer { ik_delay(-1, 0) }
      let record = Record()
      ik_divide(parts)
      let count = mostThreads()
      #expect(count == (threads > 1 ? threads * parts : 1))
      parallel(
        { data in
          guard let record = Record.of(data) else { return }
          record.numbers.withLock { $0.append(threadNumber()) }
          if isInParallel() == 0 || threadCount() < 1 { record.early.add(1, ordering: .relaxed) }
        }, Unmanaged.passUnretained(record).toOpaque(), 0, 0)
      ik_divide(1)
      #expect(record.numbers.withLock { $0.sorted() } == Array(0..<count))
      #expect(record.early.load(ordering: .relaxed) == 0)
    }
    #expect(threadNumber() == 0 && threadCount() == 1 && isInParallel() == 0)
  }

  /// Without parts all of a region run at once and can wait for one another, also where fewer threads were asked for.
  @Test(arguments: [2, 3, 6]) func togetherMeansAtOnce(count: UInt32) {
    defer { _ = ik_hold_threads(0) }
    _ = ik_hold_threads(2)
    let record = Record()
    for round in 1...20 {
      parallel(
        { data in
          guard let record = Record.of(data) else { return }
          record.arrived.add(1, ordering: .sequentiallyConsistent)
          barrier()
          // Nobody is behind the barrier before all have come to it.
          if record.arrived.load(ordering: .sequentiallyConsistent) % Int(threadCount()) != 0 {
            record.early.add(1, ordering: .relaxed)
          }
          barrier()
        }, Unmanaged.passUnretained(record).toOpaque(), count, 0)
      #expect(record.arrived.load(ordering: .sequentiallyConsistent) == round * Int(count))
    }
    #expect(record.early.load(ordering: .relaxed) == 0)
  }
}
