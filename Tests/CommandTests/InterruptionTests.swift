import Foundation
import Testing

/// Signals: the work stops, what is finished is kept, nothing unfinished is left, the exit status is 128 and the number.
@Suite struct InterruptionTests {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.results.path)) ?? []).sorted()
  }

  /// Runs a command in the background until its first result is there, and sends it a signal.
  private func interrupt(_ command: String, until test: String, with signal: String) throws -> CommandResult {
    try BuiltCommand.shell(
      """
      \(command) &
      until \(test); do kill -0 $! || exit 99; sleep 0.02; done
      kill -\(signal) $!
      wait $!
      """, in: folder.url)
  }

  @Test(arguments: [("INT", Int32(130)), ("TERM", 143), ("HUP", 129)])
  func picturesAreKept(signal: String, status: Int32) throws {
    let model = try folder.model("sd1_tiny").path
    let result = try interrupt(
      """
      "$TXT2IMG" cat --model '\(model)' --count 5000 --steps 2 --width 32 --height 32 --precision f32 --quiet \
      --output results/
      """, until: "[ -n \"$(ls results)\" ]", with: signal)
    #expect(result.status == status, "\(result.errors)")
    #expect(result.errors == "error: interrupted; finished work is kept\n")
    #expect(!names.isEmpty && names.allSatisfy { $0.hasSuffix(".png") }, "\(names)")
  }

  /// A picture that takes minutes, in its first step.
  @Test func longStepsAreNotWaitedFor() throws {
    let model = try folder.model("sd1_tiny").path
    let result = try interrupt(
      """
      "$TXT2IMG" cat --model '\(model)' --steps 50 --width 2048 --height 2048 --precision f32 --output results/a.png
      """, until: "sleep 0.5", with: "TERM")
    #expect(result.status == 143 && names == [], "\(result.errors)")
  }

  /// A file that never ends keeps the command reading.
  @Test func reading() throws {
    _ = try BuiltCommand.shell("mkfifo pipe", in: folder.url)
    let result = try interrupt(
      "\"$TXT2IMG\" --prompts pipe --output results/", until: "sleep 0.3", with: "INT")
    #expect([1, 130].contains(result.status) && names == [], "\(result.errors)")
  }

  @Test func aClosedTerminalUnderNohup() throws {
    let model = try folder.model("sd1_tiny").path
    let result = try BuiltCommand.shell(
      """
      nohup "$TXT2IMG" cat --model '\(model)' --count 20 --steps 2 --width 32 --height 32 --precision f32 --quiet \
      --output results/ >nohup.txt 2>&1 &
      until [ -n "$(ls results)" ]; do kill -0 $! || exit 99; sleep 0.02; done
      kill -HUP $!
      wait $!
      """, in: folder.url)
    #expect(result.status == 0 && names.count == 20, "\(result.errors)")
  }

  /// What a killed run left is cleared away by the next that writes there; what a running one writes is not.
  @Test func killedRuns() throws {
    let model = try folder.model("sd1_tiny").path
    let result = try BuiltCommand.shell(
      """
      : > results/.imago-4000000-1.partial
      mkdir -p results/.imago-4000000-2.partial/unet
      : > results/.imago-$$-1.partial
      "$IMAGO" convert '\(model)' results/b.safetensors --quiet && echo $$
      """, in: folder.url)
    let shell = result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(names == [".imago-\(shell)-1.partial", "b.safetensors", "b.tokenizer"], "\(names) \(result.errors)")
  }
}
