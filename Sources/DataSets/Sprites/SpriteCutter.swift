import Files
import Foundation
import Images

/// Cuts the drawings of things and places out of the system's emoji font, for scenes to be composed of.
public struct SpriteCutter {
  /// Where the system keeps what is needed.
  public struct Files: Sendable {
    public var font = URL(fileURLWithPath: "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
    public var names = URL(fileURLWithPath: "/usr/share/unicode/emoji/emoji-test.txt")
    public var annotations = ["annotations", "annotationsDerived"].map {
      URL(fileURLWithPath: "/usr/share/unicode/cldr/common/\($0)/en.xml")
    }

    public init() {}

    /// The Debian packages of what is missing.
    var missingPackages: [String] {
      let needed = [
        ([font], "fonts-noto-color-emoji"), ([names], "unicode-data"), (annotations, "unicode-cldr-core"),
      ]
      return needed.filter { !$0.0.allSatisfy { FileManager.default.fileExists(atPath: $0.path) } }.map(\.1)
    }
  }

  /// The set's name, which is also its folder's.
  public static let set = "noto"
  private static let licence = "Apache-2.0/OFL-1.1"

  private let files: Files

  public init(_ files: Files = Files()) { self.files = files }

  /// Whether a thing can stand in a scene: animals, plants, food, places, things; of faces only animals' and figures'.
  static func isWanted(_ thing: EmojiNames.Thing) -> Bool {
    switch thing.group {
    case "Animals & Nature", "Food & Drink", "Activities", "Objects": true
    case "Travel & Places": thing.subgroup != "time"
    case "Smileys & Emotion": ["face-costume", "cat-face", "monkey-face"].contains(thing.subgroup)
    default: false
    }
  }

  /// Writes `noto/NAME.png` for each thing, and `sprites.csv`.
  ///
  /// The folder appears under its name only when it is complete.
  /// - Parameter output: must not exist yet.
  /// - Returns: the number of drawings, and the names that the font has no drawing for.
  public func write(to output: URL) throws -> (count: Int, missing: [String]) {
    let packages = files.missingPackages
    guard packages.isEmpty else {
      throw DataSetError.badRequest(
        "the drawings and their names come from Debian packages that are not there; "
          + "install them with: apt-get install \(packages.joined(separator: " "))")
    }
    guard !FileManager.default.fileExists(atPath: output.path) else {
      throw DataSetError.unwritable(path: output.path, reason: "it exists already")
    }
    let font = try EmojiFont(files.font)
    let names = try EmojiNames(list: files.names, annotations: files.annotations)
    var table = "file,name,group,subgroup,keywords,set,licence\n"
    var (count, missing) = (0, [String]())
    do {
      let partial = try PartialFolder(output.path)
      try FileManager.default.createDirectory(
        at: partial.url.appendingPathComponent(Self.set), withIntermediateDirectories: true)
      for thing in names.things where Self.isWanted(thing) {
        guard let picture = try font.picture(thing.scalars) else {
          missing.append(thing.name)
          continue
        }
        _ = try PNG.decode(picture)
        let file = "\(Self.set)/\(thing.slug).png"
        try Data(picture).write(to: partial.url.appendingPathComponent(file))
        let fields = [
          file, thing.name, thing.group, thing.subgroup, thing.keywords.joined(separator: "|"), Self.set, Self.licence,
        ]
        table += fields.map(Self.quoted).joined(separator: ",") + "\n"
        count += 1
      }
      try Data(table.utf8).write(to: partial.url.appendingPathComponent("sprites.csv"))
      try partial.finish()
    } catch let error as DataSetError {
      throw error
    } catch let error as PartialError {
      throw DataSetError.unwritable(path: output.path, reason: error.description)
    } catch let error as ImageError {
      throw DataSetError.damaged(path: files.font.path, format: "font", reason: error.description)
    } catch {
      throw DataSetError.unwritable(path: output.path, reason: (error as NSError).localizedDescription)
    }
    return (count, missing)
  }

  private static func quoted(_ field: String) -> String {
    guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
    return "\"\(field.replacingOccurrences(of: "\"", with: "\"\""))\""
  }
}
