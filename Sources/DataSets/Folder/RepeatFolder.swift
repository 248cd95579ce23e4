/// `10_name/` in a picture's path, as kohya's trainer reads it: its pictures count ten times, with `name` as their caption where
/// there is no other.
package struct RepeatFolder {
  package private(set) var repeats = 1
  /// The folder's name; nil where there is no such folder.
  package private(set) var name: String?
  /// The same without the number.
  package private(set) var caption: String?

  package init(_ path: String) {
    for part in path.split(separator: "/").dropLast() {
      let pieces = part.split(separator: "_", maxSplits: 1)
      guard pieces.count == 2, let count = Int(pieces[0]), (1...100_000).contains(count) else { continue }
      (repeats, name, caption) = (count, String(part), String(pieces[1]))
    }
  }
}
