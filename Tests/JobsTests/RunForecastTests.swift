import Foundation
import Generation
import Jobs
import Models
import Testing

@Suite struct RunForecastTests {
  private func forecast(
    _ size: Int, pictures: Int = 1, batch: Int = 1, bytes: Double = 0, total: Double = 1e13
  ) -> RunForecast {
    RunForecast(step: 1e11, total: total, bytes: bytes, pictures: pictures, batch: batch, size: "\(size)×\(size)")
  }

  @Test func memoryIsCountedBeforeItIsTaken() throws {
    try forecast(64, bytes: 1e9).checkMemory(available: 1 << 30)
    let error = #expect(throws: JobError.self) {
      try forecast(8192, pictures: 4, batch: 4, bytes: 5e9).checkMemory(available: 1_000_000_000)
    }
    #expect(
      error?.description
        == "`width`, `height` 8192×8192: needs about 5.0 GB more memory, 1.0 GB are free: take a smaller size, or fewer "
        + "pictures at once with `batch` (`ignore-memory` tries it all the same)")
    // What is there already needs none.
    try forecast(8192, pictures: 0, bytes: 5e9).checkMemory(available: 1)
  }

  /// Told at the second step, once, if it will take minutes.
  @Test func longRunsAreTold() throws {
    let start = Date(timeIntervalSince1970: 0)
    var long = forecast(4096, pictures: 100)
    #expect(long.told(atStep: 1, at: start) == nil)
    #expect(
      long.told(atStep: 2, at: start.addingTimeInterval(60))
        == "about 2 hours for 100 pictures of 4096×4096; Ctrl-C stops and keeps what is finished")
    #expect(long.told(atStep: 3, at: start.addingTimeInterval(120)) == nil)
    var short = forecast(64, total: 1e12)
    #expect(short.told(atStep: 1, at: start) == nil && short.told(atStep: 2, at: start.addingTimeInterval(60)) == nil)
  }

  @Test(arguments: [
    (0.2, "1 s"), (99.0, "99 s"), (121, "3 minutes"), (5399, "90 minutes"), (7200, "2 hours"), (200_000, "2 days"),
  ])
  func durations(seconds: Double, text: String) { #expect(RunForecast.duration(seconds) == text) }

  /// What torch's `FlopCounterMode` counts for diffusers' modules of Stable Diffusion 1.5's shapes, two for a multiply-add. It counts
  /// a few small layers more.
  @Test(arguments: [(64, 0.40163672064e12), (128, 2.3370031104e12)]) func multiplyAdds(side: Int, expected: Double) {
    var unet = UNet2DConditionConfig()
    unet.crossAttentionDim = 768
    let found = unet.work(width: side, height: side, tokens: 77).products
    #expect(abs(found / expected - 1) < 1e-3, "\(found)")
  }

  @Test func multiplyAddsOfADecoder() {
    let found = AutoencoderKLConfig().work(width: 64, height: 64, layers: 3).products
    #expect(abs(found / 1.257259466752e12 - 1) < 1e-3, "\(found)")
  }
}

@Suite struct MachineMemoryTests {
  @Test func readsTheMachineAndItsGroups() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("memory-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }
    let machine = folder.appendingPathComponent("meminfo").path
    try write("meminfo", "MemTotal:  100 kB\nMemAvailable:   50 kB\n")
    #expect(MachineMemory.available(machine: machine, groups: [folder.path]) == 51_200)
    try write("memory.max", "20000\n")
    try write("memory.current", "15000\n")
    try write("memory.stat", "anon 1\ninactive_file 2000\n")
    #expect(MachineMemory.available(machine: machine, groups: [folder.path]) == 7000)
    try write("memory.max", "max\n")
    #expect(MachineMemory.available(machine: machine, groups: [folder.path]) == 51_200)
    #expect(MachineMemory.available(machine: folder.path + "/none", groups: []) == nil)
    #expect((MachineMemory.used() ?? 0) > 0)
  }
}
