import Foundation
import Images
import Testing

/// What several processes share besides training: a picture's steps, a measurement's pictures, a data set's scenes.
@Suite(.serialized, .enabled(if: Machine.hasMPI, "needs Open MPI's mpirun and pkill")) struct SharedWorkTests {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private func shell(_ script: String) throws -> CommandResult { try BuiltCommand.shell(script, in: folder.url) }

  private func files(_ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.results.appendingPathComponent(name).path).sorted()
  }

  private func image(_ name: String) throws -> Image {
    try ImageFile.load(folder.results.appendingPathComponent(name))
  }

  /// Two processes have a row each of a guided step; the third of three has a row only where a step has as many.
  @Test func aPictureIsMadeTogether() throws {
    let model = try folder.model("sd1_tiny").path
    let call = """
      "$TXT2IMG" "a cat on the moon" --model '\(model)' --steps 3 --cfg 5 --seed 9 --count 2 --batch 2 --width 32 \
        --height 32 --precision f32
      """
    let result = try shell(
      """
      \(call) --output results/1/ --quiet || exit 1
      for n in 2 3; do \(Machine.mpirun) -n $n \(call) --output results/$n/ --json --quiet || exit 1; done
      """)
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    #expect(result.output.split(separator: "\n").count == 4, "one process speaks: \(result.output)")
    for n in ["2", "3"] {
      #expect(try files(n) == files("1"))
      for name in try files("1") where name.hasSuffix(".png") {
        let (one, together) = (try image("1/\(name)"), try image("\(n)/\(name)"))
        // Sums of another number of rows have another order in float32.
        #expect(zip(one.pixels, together.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 }, "\(n) processes, \(name)")
      }
    }
  }

  /// A seed that nobody named is the same in all processes: otherwise they would work on different pictures.
  @Test func aDrawnSeedIsShared() throws {
    let model = try folder.model("sd1_tiny").path
    let settings = "--model '\(model)' --steps 2 --cfg 5 --width 32 --height 32 --precision f32 --quiet"
    let result = try shell(
      """
      \(Machine.mpirun) -n 2 "$TXT2IMG" "a cat" \(settings) --output results/2/ || exit 1
      "$TXT2IMG" --from results/2/*.png \(settings) --output results/1/
      """)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try files("1").count == 1 && files("2").count == 1)
    let (one, together) = (try image("1/\(files("1")[0])"), try image("2/\(files("2")[0])"))
    #expect(zip(one.pixels, together.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  @Test func measurementsShareTheDrawing() throws {
    let model = try folder.model("sd1_tiny").path
    _ = try folder.write((1...5).map { "picture \($0)\n" }.joined(), to: "prompts.txt")
    try FileManager.default.createDirectory(at: folder.file("real"), withIntermediateDirectories: true)
    for index in 0..<4 {
      let pixels = (0..<(32 * 32 * 3)).map { UInt8(($0 * (index + 3)) % 251) }
      try ImageFile.save(
        Image(width: 32, height: 32, channels: 3, pixels: pixels), to: folder.file("real/\(index).png"))
    }
    func call(_ keep: String) -> String {
      """
      "$IMAGO" eval --model '\(model)' --prompts prompts.txt --steps 2 --seed 4 --precision f32 --batch 1 --metrics kid \
        --reference real --json --quiet --keep results/\(keep)
      """
    }
    let alone = try shell(call("1"))
    let together = try shell("\(Machine.mpirun) -n 2 \(call("2"))")
    #expect(alone.status == 0 && together.status == 0, "\(alone.errors)\(together.errors)")
    #expect(alone.output == together.output && !alone.output.isEmpty)
    #expect(try files("1") == files("2") && files("1").count >= 5)
    for name in try files("1") where name.hasSuffix(".png") {
      #expect(try image("1/\(name)") == image("2/\(name)"))
    }
  }

  @Test func scenesAreDrawnTogether() throws {
    // Two drawings are enough for a set.
    for (name, colour) in [("apple", [200, 30, 30, 255]), ("cube", [30, 30, 200, 255])] as [(String, [UInt8])] {
      let place = folder.file("sprites/own")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      let pixels = (0..<(32 * 32)).flatMap { at in
        (6..<26).contains(at % 32) && (6..<26).contains(at / 32) ? colour : [0, 0, 0, 0]
      }
      try ImageFile.save(
        Image(width: 32, height: 32, channels: 4, pixels: pixels), to: place.appendingPathComponent("\(name).png"))
    }
    _ = try folder.write(
      "sets own\nthing apple\nmotion stand\nsize 1\nsprites own/apple\nthing cube\nmotion stand\nsize 2\nsprites own/cube\n",
      to: "things.txt")
    let call = "\"$IMAGO\" data scenes --sprites sprites --vocabulary things.txt --count 7 --side 64 --quiet"
    let result = try shell(
      """
      \(call) --output results/1 || exit 1
      \(Machine.mpirun) -n 3 \(call) --output results/3 || exit 1
      diff -r results/1 results/3 && ls results
      """)
    #expect(result.status == 0 && result.output == "1\n3\n", "\(result.errors)\(result.output)")
    #expect(try files("3").count == 8)
  }
}
