import Conditioning
import Foundation
import Generation
import Jobs
import MPICommunicator

/// One command's pictures, made by all the processes that `mpirun` started: each computes its part of the rows of every call of the
/// network, and the first one writes. Files of jobs are shared job by job instead, without knowing of each other.
struct PictureProcesses {
  /// Whether processes are there to share the work.
  static var areThere: Bool { ProcessPlace.count > 1 }

  /// - Parameter make: makes the pictures of a run as one process does.
  func run(_ run: PictureRun, _ make: (PictureRun) throws -> Void) throws {
    guard run.prepare == nil else {
      throw GenerationError.unsupported(
        what: "several processes for a model that is taught first: start one, without mpirun")
    }
    let world = try ProcessPlace.join()
    var run = run
    (run.above.seed, run.above.drawsSeed) = (try seed(of: run, world), nil)
    if run.compute.threads == nil { run.compute.threads = ProcessPlace.threads }
    try RowShare.$current.withValue(world) {
      try Follower.run(world, lead: { try make(run) }, follow: { try make(discarding(run, in: $0)) })
    }
  }

  /// The seed all begin with, the leader's where none was asked for.
  private func seed(of run: PictureRun, _ world: MPICommunicator) throws -> UInt64? {
    guard run.above.seed == nil, run.below.seed == nil else { return run.above.seed }
    var numbers = [world.rank == 0 ? Double(PictureJob.drawnSeed()) : 0]
    try world.sum(&numbers)
    return UInt64(numbers[0])
  }

  /// A run that says nothing and whose pictures go to a folder that is removed.
  private func discarding(_ run: PictureRun, in scratch: URL) -> PictureRun {
    var run = run
    run.output.output = scratch.path + "/"
    (run.output.grid, run.output.previewEvery) = (false, nil)
    (run.compute.quiet, run.compute.json) = (true, false)
    return run
  }
}
