import Foundation
import Testing

/// Numbers that benchmarks do not take, and work that no machine has the memory for.
@Suite struct BenchCallTests {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  @Test(arguments: [
    ["unet", "--batch", "0"], ["unet", "--batch=-2"], ["unet", "--batch", "9223372036854775807"],
    ["unet", "--size", "0"], ["unet", "--size=-64"], ["unet", "--size", "9223372036854775744"],
    ["unet", "--size", "100"], ["unet", "--runs", "0"], ["unet", "--runs=-1"],
    ["vae-decode", "--size", "0"], ["vae-encode", "--size", "1048576"],
    ["vae-decode", "--runs", "9223372036854775807"],
    ["lora-step", "--batch", "0"], ["lora-step", "--rank", "0"], ["lora-step", "--rank", "9223372036854775807"],
    ["train-step", "--batch", "0"], ["small-step", "--batch", "0"], ["small-step", "--batch=-1"],
    ["e2e", "--steps", "0"], ["e2e", "--size", "7"], ["e2e", "--steps", "9223372036854775807"],
    ["kernels", "--runs", "0"], ["busy", "--batch", "0"], ["busy", "--size", "-64"],
    ["busy", "--beside", "0"], ["busy", "--beside", "1,,2"], ["busy", "--beside", "100000"], ["busy", "--beside", "x"],
  ])
  func numbersOutOfRange(arguments: [String]) throws {
    let result = try BuiltCommand.imago.run(["bench"] + arguments + ["--quiet"], in: folder.url)
    #expect(result.status == 64, "\(result.errors)")
    #expect(result.output.isEmpty)
    let name = arguments[1].split(separator: "=")[0]
    #expect(result.errors.contains(name), "no \(name) in \(result.errors)")
  }

  @Test(arguments: [
    ["unet", "--batch", "1000000"], ["busy", "--batch", "1000000"], ["lora-step", "--batch", "1000000"],
    ["train-step", "--batch", "1000000"], ["small-step", "--batch", "1000000"],
    ["small-step", "--batch", "1000000", "--precision", "f32"],
    ["vae-encode", "--size", "16384", "--precision", "f32"],
  ])
  func moreMemoryThanThereIs(arguments: [String]) throws {
    let result = try BuiltCommand.imago.run(["bench"] + arguments + ["--quiet"], in: folder.url)
    #expect(result.status == 1, "\(result.errors)")
    #expect(result.output.isEmpty)
    #expect(result.complaints.count == 1 && result.errors.contains("GB are free"), "\(result.errors)")
  }
}
