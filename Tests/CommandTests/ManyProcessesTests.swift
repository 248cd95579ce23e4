import Foundation
import Images
import TestSupport
import Testing

/// `mpirun` and the commands: a run shared by processes on this machine, and by two hosts that these tests make of network namespaces.
@Suite(.serialized, .enabled(if: Machine.hasMPI, "needs Open MPI's mpirun and pkill")) struct ManyProcessesTests {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private static let mpirun = Machine.mpirun

  /// Points on a circle, for so many steps; a state every 20.
  private func recipe(steps: Int = 120) throws {
    _ = try folder.write(
      """
      kind: circle
      name: circle
      width: 64
      depth: 2
      scheduler: {_class_name: DDPMScheduler, num_train_timesteps: 50, beta_start: 0.001, beta_end: 0.2, clip_sample: false}
      samples: 64
      mean_tolerance: 10
      deviation_limit: 10
      loop: {steps: \(steps), batch: 96, learning_rate: 0.002, decay: cosine, average_decay: 0.9, seed: 1,
        log_every: 20, save_every: 20, sample_every: 100000}
      """, to: "circle.yaml")
  }

  /// The losses a run's log holds.
  private func losses(_ name: String) throws -> [Float] {
    struct Entry: Decodable { let loss: Float }
    let text = try String(contentsOf: folder.results.appendingPathComponent("\(name)/log.jsonl"), encoding: .utf8)
    return try text.split(separator: "\n").map { try JSONDecoder().decode(Entry.self, from: Data($0.utf8)).loss }
  }

  private func shell(_ script: String) throws -> CommandResult { try BuiltCommand.shell(script, in: folder.url) }

  @Test func anyNumberOfProcesses() throws {
    try recipe()
    let result = try shell(
      """
      "$IMAGO" train circle.yaml --output results/1 --quiet || exit 1
      for n in 2 4; do \(Self.mpirun) -n $n "$IMAGO" train circle.yaml --output results/$n --quiet || exit 1; done
      \(Self.mpirun) -n 2 "$IMAGO" train circle.yaml --output results/half --quiet --gradients bf16
      """)
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    let alone = try losses("1")
    #expect(alone.count == 6)
    // The same sums in another order.
    for name in ["2", "4"] { expectClose(try losses(name), alone, atol: 1e-5, rtol: 1e-5, "\(name) processes") }
    // bfloat16 keeps three digits of each gradient.
    expectClose(try losses("half"), alone, atol: 2e-3, rtol: 2e-3, "gradients in bfloat16")
    let files = try ["1", "4"].map {
      try FileManager.default.contentsOfDirectory(atPath: folder.results.appendingPathComponent($0).path).sorted()
    }
    #expect(files[0] == files[1], "one process writes")
  }

  /// Shell words that end the process of a rank, as the kernel does where memory runs out, once the run has a state.
  private func killing(_ rank: Int, of run: String) -> String {
    """
    until [ -e results/\(run)/state.safetensors ]; do kill -0 $! || exit 99; sleep 0.05; done
    for p in $(pgrep -f "$IMAGO train circle.yaml --output results/\(run)"); do
      if tr '\\0' '\\n' < /proc/$p/environ | grep -qx OMPI_COMM_WORLD_RANK=\(rank); then kill -9 $p; fi
    done
    wait $!
    """
  }

  /// Whichever is lost, one of the others says so, once.
  @Test(arguments: [0, 1, 2]) func aLostProcessIsSaid(rank: Int) throws {
    try recipe(steps: 100_000)
    let result = try shell(
      """
      # A busy machine may not let a process speak within the second that is usual.
      \(Self.mpirun) --mca odls_base_sigkill_timeout 5 -n 3 "$IMAGO" train circle.yaml --output results/l --quiet &
      \(killing(rank, of: "l"))
      """)
    #expect(result.status == 137, "\(result.errors)")
    let told = "another one does not answer: if it was lost, the last state is whole"
    #expect(result.errors.components(separatedBy: told).count == 2, "\(result.errors)")
  }

  /// The command that started the processes speaks for them.
  @Test(arguments: [0, 1]) func aLostProcessOfALauncherIsSaid(rank: Int) throws {
    try recipe(steps: 100_000)
    let result = try shell(
      """
      "$IMAGO" train circle.yaml --output results/l --quiet --processes 2 &
      \(killing(rank, of: "l"))
      """)
    #expect(result.status == 1, "\(result.errors)")
    // Open MPI may say something of its own, where a message was on its way.
    let ours = result.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") || $0.hasPrefix("note: ") }
    #expect(ours == ["error: a process was lost; the last state is whole, run again to go on"], "\(result.errors)")
  }

  /// A folder of pictures of 48×48, no two alike, with captions.
  private func pictures(_ names: [String]) throws {
    try FileManager.default.createDirectory(at: folder.file("pictures"), withIntermediateDirectories: true)
    for (index, name) in names.enumerated() {
      _ = try folder.write("picture \(name)\n", to: "pictures/\(name).txt")
      let pixels = (0..<(48 * 48 * 3)).map { UInt8($0 * (index + 3) / 7 % 256) }
      try ImageFile.save(
        Image(width: 48, height: 48, channels: 3, pixels: pixels), to: folder.file("pictures/\(name).png"))
    }
  }

  /// What is not made to be shared is done by one process, and said once.
  @Test func oneDoesWhatIsNotShared() throws {
    try pictures(["a"])
    let result = try shell(
      """
      "$IMAGO" data check pictures > one; \(Self.mpirun) -n 2 "$IMAGO" data check pictures | cmp - one || exit 2
      \(Self.mpirun) -n 3 "$IMAGO" data import pictures --output results/imported
      """)
    #expect(result.status == 0, "\(result.errors)")
    #expect(FileManager.default.fileExists(atPath: folder.results.appendingPathComponent("imported/000000.png").path))
  }

  /// What an autoencoder gives back, and a loss, are the same whoever looks at which pictures.
  @Test(arguments: ["autoencoder", "loss"]) func measuresAreShared(kind: String) throws {
    let model = try folder.model("sd1_tiny").path
    try pictures(["a", "b", "c", "d", "e"])
    let call = "eval \(kind) pictures --model '\(model)' --resolution 32 --precision f32 --json --quiet"
    let result = try shell(
      "\"$IMAGO\" \(call) > one && \(Self.mpirun) -n 2 \"$IMAGO\" \(call) | cmp - one")
    #expect(result.status == 0, "\(result.errors)")
  }

  /// `mpirun` can let the others go on.
  @Test func picturesOfAFileWithOneLost() throws {
    let model = try folder.model("sd1_tiny").path
    _ = try folder.write(
      (1...24).map { "picture \($0) --seed \($0)" }.joined(separator: "\n") + "\n", to: "prompts.txt")
    let result = try shell(
      """
      \(Self.mpirun) --enable-recovery -n 2 "$TXT2IMG" --prompts prompts.txt --model '\(model)' --steps 20 --width 64 \
        --height 64 --output results/all/ --quiet &
      until [ -e results/all/manifest.jsonl ]; do kill -0 $! || exit 99; sleep 0.02; done
      pkill -9 -n -f "$TXT2IMG --prompts prompts.txt" || exit 98
      wait $!
      """)
    #expect(result.status != 99, "\(result.errors)")
    #expect(result.status != 98, "there was nothing left to lose")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.results.appendingPathComponent("all").path)
    #expect(names.filter { $0.hasSuffix(".png") }.count == 24)
  }

  @Test func aLostProcessEndsTheRunAndLosesNothing() throws {
    try recipe(steps: 300)
    let result = try shell(
      """
      \(Self.mpirun) -n 3 "$IMAGO" train circle.yaml --output results/3 --quiet &
      \(killing(2, of: "3"))
      """)
    #expect(result.status != 0 && result.status != 99, "\(result.errors)")
    let left = try losses("3").count
    #expect(left < 15)
    try recipe(steps: 300)
    // One process goes on with what three began.
    let resumed = try BuiltCommand.imago.run(
      ["train", "circle.yaml", "--output", "results/3"], in: folder.url)
    #expect(resumed.status == 0 && resumed.errors.contains("resumed at step "), "\(resumed.errors)")
    #expect(try losses("3").count == 15)
  }

  @Test func elastic() throws {
    try recipe(steps: 300)
    let result = try shell(
      """
      "$IMAGO" train circle.yaml --output results/e --processes 3 --elastic &
      until [ -e results/e/state.safetensors ]; do kill -0 $! || exit 99; sleep 0.05; done
      pkill -9 -n -f "$IMAGO train circle.yaml --output results/e"
      wait $!
      """)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("note: a process was lost; going on from the last state with 2\n"))
    #expect(try losses("e").count == 15)
  }

  /// Who stops the command that started the processes stops them all after their step, with the state.
  @Test func stoppedTogether() throws {
    try recipe(steps: 100_000)
    let result = try shell(
      """
      "$IMAGO" train circle.yaml --output results/s --processes 2 &
      until [ -e results/s/state.safetensors ]; do kill -0 $! || exit 99; sleep 0.05; done
      kill -INT $!
      wait $!
      """)
    #expect(result.status == 130, "\(result.errors)")
    #expect(result.errors.contains("; run again to go on\n"))
    #expect(result.errors.components(separatedBy: "error: interrupted").count == 2, "\(result.errors)")
  }

  @Test func whatIsWrongIsSaidOnce() throws {
    _ = try folder.write("kind: circle\nname: x\nwidth: 0\n", to: "circle.yaml")
    let result = try shell("\(Self.mpirun) -n 3 \"$IMAGO\" train circle.yaml --output results/x --quiet")
    #expect(result.status != 0)
    #expect(result.errors.split(separator: "\n").filter { $0.contains("circle.yaml") }.count == 1, "\(result.errors)")
  }

  /// Jobs of a file go to whoever is free; none is made twice.
  @Test func picturesOfAFile() throws {
    let model = try folder.model("sd1_tiny").path
    let prompts = (1...12).map { "picture \($0) --seed \($0)" }.joined(separator: "\n")
    _ = try folder.write(prompts + "\n", to: "prompts.txt")
    let result = try shell(
      """
      \(Self.mpirun) -n 3 "$TXT2IMG" --prompts prompts.txt --model '\(model)' --steps 2 --width 32 --height 32 \
      --precision f32 --output results/all/ --json --quiet
      """)
    #expect(result.status == 0, "\(result.errors)")
    let told = result.output.split(separator: "\n")
    #expect(told.count == 12, "each picture was made once: \(told.count)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.results.appendingPathComponent("all").path)
    #expect(names.filter { $0.hasSuffix(".png") }.count == 12)
  }

  /// Two hosts with a network between them.
  @Test(.enabled(if: Machine.hasHosts, "needs root, iproute2 and unshare")) func twoHosts() throws {
    try recipe()
    let result = try shell(
      """
      a=imago-$$-a; b=imago-$$-b
      trap 'ip netns del $a; ip netns del $b' EXIT
      ip netns add $a && ip netns add $b || exit 98
      ip link add va netns $a type veth peer name vb netns $b || exit 98
      ip -n $a addr add 10.77.0.1/24 dev va; ip -n $b addr add 10.77.0.2/24 dev vb
      for n in $a $b; do ip -n $n link set lo up; done
      ip -n $a link set va up; ip -n $b link set vb up
      # How mpirun reaches a host, in place of ssh.
      cat > agent <<END
      #!/bin/sh
      case \\$1 in 10.77.0.1) n=$a;; *) n=$b;; esac
      shift
      exec ip netns exec \\$n unshare --uts sh -c "hostname \\$n; \\$*"
      END
      chmod +x agent
      ip netns exec $a unshare --uts sh -c "hostname $a; \(Self.mpirun) --mca plm_rsh_agent $PWD/agent \
        --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 \
        --host 10.77.0.1:1,10.77.0.2:1 -n 2 '$IMAGO' train '$PWD/circle.yaml' --output '$PWD/results/hosts' --quiet" || exit 1
      cat /sys/class/net/lo/statistics/tx_bytes > /dev/null
      ip netns exec $a cat /proc/net/dev | grep va: | awk '{print $10}'
      "$IMAGO" train circle.yaml --output results/1 --quiet
      """)
    #expect(result.status == 0, "\(result.errors)")
    expectClose(try losses("hosts"), try losses("1"), atol: 1e-5, rtol: 1e-5, "two hosts")
    // What went over the wire: each step the gradients of the other's half there, its weights back, about 4 bytes a number.
    let sent = try #require(Double(result.output.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(sent > 120 * 4 * 2000, "\(sent) bytes")
  }
}
