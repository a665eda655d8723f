import java.io.FileInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/** Reads an archive by its directory and front to back; prints a line for each entry: the reader, the name, the bytes. */
public class ReadZip {
  public static void main(String[] args) throws Exception {
    try (ZipFile zip = new ZipFile(args[0])) {
      for (var entries = zip.entries(); entries.hasMoreElements();) {
        ZipEntry entry = entries.nextElement();
        print("ZipFile", entry, zip.getInputStream(entry).readAllBytes());
      }
    }
    try (ZipInputStream zip = new ZipInputStream(new FileInputStream(args[0]))) {
      for (ZipEntry entry; (entry = zip.getNextEntry()) != null;) print("ZipInputStream", entry, zip.readAllBytes());
    }
  }

  private static void print(String reader, ZipEntry entry, byte[] bytes) {
    System.out.println(reader + "\t" + entry.getName() + "\t" + bytes.length);
  }
}
