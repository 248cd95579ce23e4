/// A text of the libraries with the settings in it spelled as flags: they write `cfg` for what is `--cfg` here, and would be
/// a field of a form elsewhere.
public func spelled(_ text: String) -> String {
  guard text.contains("`") else { return text }
  var parts = text.split(separator: "`", omittingEmptySubsequences: false)[...]
  var spelled = String(parts.removeFirst())
  while let name = parts.popFirst() {
    let isName = !name.isEmpty && name.unicodeScalars.allSatisfy { ("a"..."z").contains($0) || $0 == "-" }
    if isName, let rest = parts.popFirst() {
      spelled += "--\(name)\(rest)"
    } else {
      spelled += "`\(name)"
    }
  }
  return spelled
}
