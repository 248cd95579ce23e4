import CMPI
import Foundation
import Training

/// The processes that `mpirun` started, by Open MPI.
public struct MPICommunicator: Communicator {
  public let rank, size: Int
  /// Whether gradients travel in bfloat16, half the bytes; their sums are then rounded at each addition.
  public var sumsInBFloat16 = false
  /// Whether this process was asked to end: then it waits for others only a little longer.
  private let isStopping: @Sendable () -> Bool
  /// Told once others have not answered for a moment after that.
  private let whenSilent: @Sendable () -> Void
  /// How long it waits then, in seconds, and how long until `whenSilent` is told: before `mpirun` ends the process, a second after
  /// its SIGTERM.
  private static let (patience, moment) = (3.0, 0.4)

  /// Joins the others. To be called once.
  public init(
    isStopping: @escaping @Sendable () -> Bool, whenSilent: @escaping @Sendable () -> Void = {}
  ) throws(MPIError) {
    guard impi_join() == 0 else { throw .notThere(reason: String(cString: impi_error())) }
    (rank, size) = (Int(impi_rank()), Int(impi_size()))
    (self.isStopping, self.whenSilent) = (isStopping, whenSilent)
  }

  /// Leaves the others in good order, once all of them are done.
  public func leave() { impi_leave() }

  /// Bytes of numbers this process handed in so far.
  public var bytes: UInt64 { impi_bytes() }

  public func sum(_ numbers: inout [Double]) throws(MPIError) {
    // The library writes while this thread waits: to memory that cannot move.
    let place = UnsafeMutableBufferPointer<Double>.allocate(capacity: numbers.count)
    _ = place.initialize(fromContentsOf: numbers)
    defer { place.deallocate() }
    try wait(impi_sum(place.baseAddress, numbers.count))
    numbers = Array(place)
  }

  public func startSum(_ values: [Float], for root: Int) -> any PendingSum {
    let call = impi_reduce(values, values.count, Int32(root), sumsInBFloat16 ? 1 : 0)
    return MPISum(communicator: self, call: call, count: root == rank ? values.count : 0)
  }

  public func broadcast(_ values: inout [Float], from root: Int) throws(MPIError) {
    let place = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
    _ = place.initialize(fromContentsOf: values)
    defer { place.deallocate() }
    try wait(impi_broadcast(place.baseAddress, values.count, Int32(root)))
    values = Array(place)
  }

  /// Waits for a call and gives it up.
  /// - Parameter take: reads what it found.
  fileprivate func wait(_ call: OpaquePointer?, take: (OpaquePointer) -> Void = { _ in }) throws(MPIError) {
    guard let call else { throw .failed(reason: "there is no memory for what travels") }
    var asked: Date?
    var isTold = false
    while true {
      switch impi_wait(call, 200) {
      case 0:
        take(call)
        impi_free(call)
        return
      case 1:
        if asked == nil, isStopping() { asked = Date() }
        guard let waited = asked.map({ Date().timeIntervalSince($0) }) else { continue }
        if waited > Self.moment, !isTold {
          isTold = true
          whenSilent()
        }
        // The call's memory stays: the library may still write to it.
        if waited > Self.patience { throw .alone }
      default:
        impi_free(call)
        throw .failed(reason: String(cString: impi_error()))
      }
    }
  }
}

private struct MPISum: PendingSum {
  let communicator: MPICommunicator
  let call: OpaquePointer?
  /// Numbers that are for this process.
  let count: Int

  func wait() throws -> [Float] {
    var sums = [Float](repeating: 0, count: count)
    try communicator.wait(call) { if count > 0 { impi_take($0, &sums) } }
    return sums
  }
}

/// Why processes cannot work together.
public enum MPIError: Error, Equatable, CustomStringConvertible {
  /// The library is missing or another one.
  case notThere(reason: String)
  case failed(reason: String)
  /// The others do not answer any more.
  case alone

  public var description: String {
    switch self {
    case .notThere(let reason):
      "several processes need Open MPI: \(reason); install it on every machine (Debian: openmpi-bin) and run again"
    case .failed(let reason): "Open MPI: \(reason)"
    case .alone: "another process ended or does not answer; the last state is whole, run again to go on"
    }
  }
}
