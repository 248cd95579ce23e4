/// Texts on a terminal, whose letters take no column, one or two.
package enum DisplayText {
  /// A text without what moves the cursor, and in ASCII if nothing else can be shown.
  static func clean(_ text: String, isUTF8: Bool) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory) {
        scalars.append(" ")
      } else {
        scalars.append(isUTF8 || scalar.isASCII ? scalar : "?")
      }
    }
    return String(scalars)
  }

  /// Columns of a text.
  package static func width(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + width($1) } }

  /// As much of a text's start as fits.
  static func prefix(_ text: String, columns: Int) -> String {
    var (scalars, used) = (String.UnicodeScalarView(), 0)
    for scalar in text.unicodeScalars {
      used += width(scalar)
      guard used <= columns else { break }
      scalars.append(scalar)
    }
    return String(scalars)
  }

  /// Columns of a scalar, never too few: Unicode's wide blocks and pictures take two.
  private static func width(_ scalar: Unicode.Scalar) -> Int {
    if scalar.isASCII { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F000...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    default: return scalar.properties.isEmojiPresentation ? 2 : 1
    }
  }
}
