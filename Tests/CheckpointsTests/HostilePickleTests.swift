import Checkpoints
import Foundation
import TestSupport
import Testing

/// Files that try to run code, to read what is not theirs or to fill the memory. Each is refused in one line.
@Suite struct HostilePickleTests {
  /// What a program of opcodes is refused for.
  struct Attack: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let pickle: [UInt8]
    let parts: [String]
  }

  static let attacks: [Attack] = [
    Attack(
      testDescription: "os.system through REDUCE",
      pickle: PickleBytes().global("os", "system").tuple { $0.text("touch /tmp/owned") }.reduce.stop,
      parts: ["refused", "asks for os.system"]),
    Attack(
      testDescription: "a global made of two texts",
      pickle: PickleBytes().text("builtins").text("eval").appending([0x93]).tuple { $0.text("1") }.reduce.stop,
      parts: ["asks for builtins.eval"]),
    Attack(
      testDescription: "an attribute of an allowed module",
      pickle: PickleBytes().global("torch", "load").tuple { $0.text("x") }.reduce.stop,
      parts: ["asks for torch.load"]),
    Attack(
      testDescription: "a dotted name in an allowed module",
      pickle: PickleBytes().global("collections", "OrderedDict.__init__.__globals__").stop,
      parts: ["asks for collections.OrderedDict.__init__.__globals__"]),
    Attack(
      testDescription: "a gadget through BUILD",
      pickle: PickleBytes().orderedDictionary.dictionary { $0.text("__class__").text("x") }.build.stop,
      parts: ["sets the attribute __class__ of a dict"]),
    Attack(
      testDescription: "BUILD on an allowed function",
      pickle: PickleBytes().global("torch._utils", "_rebuild_parameter").dictionary { $0.text("a").text("b") }.build
        .stop,
      parts: ["sets the state of torch._utils._rebuild_parameter"]),
    Attack(
      testDescription: "a call of a class that is only a name",
      pickle: PickleBytes().global("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint").tuple { $0 }
        .reduce.stop,
      parts: ["calls pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint"]),
    Attack(
      testDescription: "a call of a value",
      pickle: PickleBytes().text("os.system").tuple { $0 }.reduce.stop, parts: ["calls a text"]),
    Attack(
      testDescription: "INST",
      pickle: PickleBytes().appending(Array("(ios\nsystem\n".utf8)).stop, parts: ["opcode INST"]),
    Attack(
      testDescription: "OBJ", pickle: PickleBytes().appending(Array("(o".utf8)).stop, parts: ["opcode OBJ"]),
    Attack(
      testDescription: "NEWOBJ", pickle: PickleBytes().global("torch", "Size").tuple { $0 }.appending([0x81]).stop,
      parts: ["makes an object of torch.Size"]),
    Attack(
      testDescription: "EXT1", pickle: PickleBytes().appending([0x82, 1]).stop, parts: ["opcode EXT1"]),
    Attack(
      testDescription: "a persistent id that is no storage",
      pickle: PickleBytes().text("../../etc/passwd").appending([UInt8(ascii: "Q")]).stop,
      parts: ["refers to something outside"]),
    Attack(
      testDescription: "a list that holds itself",
      pickle: PickleBytes().emptyList.put(0).get(0).append.stop, parts: ["nests values without end"]),
    Attack(
      testDescription: "a memo bomb, ten times ten, forty levels", pickle: memoBomb, parts: ["nests values without end"]
    ),
    Attack(
      testDescription: "lists in lists, a million deep",
      pickle: PickleBytes().appending([UInt8](repeating: UInt8(ascii: "]"), count: 1_000_000))
        .appending([UInt8](repeating: UInt8(ascii: "a"), count: 999_999)).stop,
      parts: ["nests values without end"]),
    Attack(
      testDescription: "a long list copied again and again", pickle: copyBomb, parts: ["copies more than"]),
    Attack(
      testDescription: "a tensor larger than its storage",
      pickle: PickleBytes().tensor("FloatStorage", "0", count: 4, shape: [5], strides: [1]).stop,
      parts: ["reaches element 4 of a storage of 4"]),
    Attack(
      testDescription: "strides past the storage",
      pickle: PickleBytes().tensor("FloatStorage", "0", count: 4, shape: [2, 2], strides: [3, 1]).stop,
      parts: ["reaches element 4 of a storage of 4"]),
    Attack(
      testDescription: "a negative stride",
      pickle: PickleBytes().tensor("FloatStorage", "0", count: 4, offset: 3, shape: [4], strides: [-2]).stop,
      parts: ["impossible shape [4] and strides [-2]"]),
    Attack(
      testDescription: "a negative offset",
      pickle: PickleBytes().tensor("FloatStorage", "0", count: 4, offset: -1, shape: [2], strides: [1]).stop,
      parts: ["offset -1"]),
    Attack(
      testDescription: "a shape that overflows",
      pickle: PickleBytes().tensor(
        "FloatStorage", "0", count: 4, shape: [1 << 40, 1 << 40], strides: [0, 0]
      ).stop, parts: ["impossible shape"]),
    Attack(
      testDescription: "strides that overflow",
      pickle: PickleBytes().tensor(
        "FloatStorage", "0", count: 4, shape: [3, 3], strides: [1 << 62, 1 << 62]
      ).stop, parts: ["impossible strides"]),
    Attack(
      testDescription: "one element repeated over the whole memory",
      pickle: PickleBytes().tensor(
        "FloatStorage", "0", count: 4, shape: [1 << 20, 1 << 20], strides: [0, 0]
      ).stop, parts: ["more elements than its storage of 4"]),
    Attack(
      testDescription: "one storage, two sizes",
      pickle: PickleBytes().list {
        $0.tensor("FloatStorage", "0", count: 4, shape: [1], strides: [1])
          .tensor("FloatStorage", "0", count: 4000, shape: [4000], strides: [1])
      }.stop, parts: ["describes storage 0 in two ways"]),
    Attack(
      testDescription: "a storage larger than its entry",
      pickle: PickleBytes().tensor("FloatStorage", "0", count: 5, shape: [5], strides: [1]).stop,
      parts: ["storage 0 has 16 bytes, its pickle claims 20"]),
    Attack(
      testDescription: "a storage that is not there",
      pickle: PickleBytes().tensor("FloatStorage", "../0", count: 4, shape: [4], strides: [1]).stop,
      parts: ["storage ../0 is missing"]),
    Attack(testDescription: "no end", pickle: PickleBytes().text("x").bytes, parts: ["damaged torch file", "ends at"]),
    Attack(
      testDescription: "a text longer than the file",
      pickle: PickleBytes().appending([UInt8(ascii: "X"), 0xff, 0xff, 0xff, 0x7f]).stop, parts: ["damaged torch file"]),
    Attack(
      testDescription: "a negative length", pickle: PickleBytes().appending([0x8b, 0xff, 0xff, 0xff, 0xff]).stop,
      parts: ["damaged torch file"]),
    Attack(
      testDescription: "more values taken than made",
      pickle: PickleBytes().appending(Array("tR".utf8)).stop, parts: ["takes more values than it makes"]),
    Attack(
      testDescription: "a memo that was never filled", pickle: PickleBytes().get(7).stop,
      parts: ["recalls nothing under 7"]),
  ]

  /// `l1 = [l0 × 10]`, `l2 = [l1 × 10]`, …: a few hundred bytes that unfold to 10⁴⁰ values.
  private static var memoBomb: [UInt8] {
    var pickle = PickleBytes().emptyList.put(0)
    for level in 1...40 {
      pickle = pickle.list { list in (0..<10).reduce(list) { p, _ in p.get(UInt8(level - 1)) } }.put(UInt8(level))
    }
    return pickle.stop
  }

  private static var copyBomb: [UInt8] {
    var pickle = PickleBytes().list { list in
      list.appending([UInt8](repeating: UInt8(ascii: "N"), count: 100_000))
    }
    pickle = PickleBytes().dictionary { p in
      p.appending([UInt8](repeating: UInt8(ascii: "N"), count: 100_000))
    }.put(0)
    for _ in 0..<200 { pickle = pickle.global("collections", "OrderedDict").tuple { $0.get(0) }.reduce }
    return pickle.stop
  }

  @Test(arguments: attacks) func isRefused(attack: Attack) throws {
    let folder = try ScratchFolder()
    let archive = ZipBytes.archive([
      ZipBytes.Entry(name: "archive/data.pkl", contents: attack.pickle),
      ZipBytes.Entry(name: "archive/data/0", contents: bytes([1, 2, 3, 4])),
    ])
    let url = try folder.write(archive, "model.ckpt")
    expectError([url.path] + attack.parts) { _ = try TensorFile(url) }
  }

  @Test(arguments: attacks.filter { $0.parts[0] == "refused" }) func isRefusedAsABarePickle(attack: Attack) throws {
    let folder = try ScratchFolder()
    let url = try folder.write(attack.pickle, "model.pt")
    expectError([url.path] + attack.parts) { _ = try TensorFile(url) }
  }

  /// Archives that lie.
  @Test(arguments: [
    ("claims more than deflate can pack", 1 << 40, ["claims"]), ("claims less than it holds", 3, ["does not unpack"]),
    ("claims more than it holds", 20, ["does not unpack"]),
  ])
  func lyingArchive(what: String, claimed: Int, parts: [String]) throws {
    let folder = try ScratchFolder()
    let pickle = PickleBytes().tensor("ByteStorage", "0", count: 1, shape: [1], strides: [1]).stop
    let archive = ZipBytes.archive([
      ZipBytes.Entry(name: "a/data.pkl", contents: pickle),
      ZipBytes.Entry(
        name: "a/data/0", contents: bytes([1, 2]), isDeflated: true, claimedSize: min(claimed, 1 << 31)),
    ])
    expectError(parts) { _ = try TensorFile(try folder.write(archive, "x.pt")) }
  }

  @Test func twoEntriesOfOneName() throws {
    let folder = try ScratchFolder()
    let pickle = ZipBytes.Entry(name: "a/data.pkl", contents: PickleBytes().none.stop)
    expectError(["a/data.pkl is in it twice"]) {
      _ = try TensorFile(try folder.write(ZipBytes.archive([pickle, pickle]), "x.pt"))
    }
  }

  @Test func cutShort() throws {
    let folder = try ScratchFolder()
    let pickle = PickleBytes().tensor("FloatStorage", "0", count: 4, shape: [4], strides: [1]).stop
    let whole = ZipBytes.archive([
      ZipBytes.Entry(name: "a/data.pkl", contents: pickle),
      ZipBytes.Entry(name: "a/data/0", contents: bytes([1, 2, 3, 4])),
    ])
    // Whatever is missing, no read goes past the end.
    for count in 4..<whole.count {
      expectError(["x.pt"]) { _ = try TensorFile(try folder.write(Array(whole[..<count]), "x.pt")) }
    }
  }

  @Test func aZipOfSomethingElse() throws {
    let folder = try ScratchFolder()
    let archive = ZipBytes.archive([ZipBytes.Entry(name: "readme.txt", contents: [65])])
    expectError(["a zip archive without the data.pkl"]) {
      _ = try TensorFile(try folder.write(archive, "x.safetensors"))
    }
  }
}
