<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
  <context>
    <name>window</name>
    <message>
      <source>Opening {source} …</source>
      <translation>{source} wird geöffnet …</translation>
    </message>
    <message>
      <source>Preparing the analysis …</source>
      <translation>Die Auswertung wird vorbereitet …</translation>
    </message>
    <message>
      <source>Paused</source>
      <translation>Pause</translation>
    </message>
    <message>
      <source>Press Space to continue</source>
      <translation>Weiter mit der Leertaste</translation>
    </message>
    <message>
      <source>No picture from {source} for {seconds} s</source>
      <translation>Seit {seconds} s kein Bild von {source}</translation>
    </message>
    <message>
      <source>The analysis has not answered for {seconds} s</source>
      <translation>Die Auswertung antwortet seit {seconds} s nicht</translation>
    </message>
    <message>
      <source>No expression is shown until there is a fresh picture.</source>
      <translation>Bis ein neues Bild kommt, wird kein Ausdruck gezeigt.</translation>
    </message>
    <message>
      <source>Waiting for {source}</source>
      <translation>Warten auf {source}</translation>
    </message>
    <message>
      <source>Connecting to {source} again</source>
      <translation>{source} wird wieder verbunden</translation>
    </message>
    <message>
      <source>{reason}
Attempt {attempt}, {when}</source>
      <translation>{reason}
Versuch {attempt}, {when}</translation>
    </message>
    <message>
      <source>next try in {seconds} s</source>
      <translation>der nächste in {seconds} s</translation>
    </message>
    <message>
      <source>trying now</source>
      <translation>läuft gerade</translation>
    </message>
    <message>
      <source>End of {source}</source>
      <translation>Ende von {source}</translation>
    </message>
    <message>
      <source>Stopped by an error</source>
      <translation>Durch einen Fehler beendet</translation>
    </message>
    <message>
      <source>The analysis has stopped</source>
      <translation>Die Auswertung ist ausgefallen</translation>
    </message>
    <message>
      <source>{reason}
The picture is live; no expression is shown. Restart the program to continue.</source>
      <translation>{reason}
Das Bild läuft weiter; ein Ausdruck wird nicht gezeigt. Zum Weitermachen das Programm neu starten.</translation>
    </message>
    <message>
      <source>No face in the picture</source>
      <translation>Kein Gesicht im Bild</translation>
    </message>
    <message>
      <source>Faces smaller than about {size} px are not found: sit closer, in good light, facing the camera.</source>
      <translation>Gesichter unter etwa {size} px werden nicht gesehen: näher herankommen, ins Licht, zur Kamera gewandt.</translation>
    </message>
    <message>
      <source>{error}

Press any key to close the window.</source>
      <translation>{error}

Jede Taste schließt das Fenster.</translation>
    </message>
    <message>
      <source>the stream</source>
      <translation>Videostrom</translation>
    </message>
    <message>
      <source>attempt {attempt}</source>
      <translation>Versuch {attempt}</translation>
    </message>
    <message>
      <source>unsure</source>
      <translation>unsicher</translation>
    </message>
    <message>
      <source>collecting</source>
      <translation>sammelt</translation>
    </message>
    <message>
      <source>analysing …</source>
      <translation>wertet aus …</translation>
    </message>
    <message>
      <source>face {number}: {words}</source>
      <translation>Gesicht {number}: {words}</translation>
    </message>
    <message>
      <source>starting</source>
      <translation>Start</translation>
    </message>
    <message>
      <source>live</source>
      <translation>live</translation>
    </message>
    <message>
      <source>no face</source>
      <translation>kein Gesicht</translation>
    </message>
    <message>
      <source>low quality</source>
      <translation>schlechte Qualität</translation>
    </message>
    <message>
      <source>stalled</source>
      <translation>Bild steht</translation>
    </message>
    <message>
      <source>reconnecting</source>
      <translation>neu verbinden</translation>
    </message>
    <message>
      <source>paused</source>
      <translation>Pause</translation>
    </message>
    <message>
      <source>ended</source>
      <translation>Ende</translation>
    </message>
    <message>
      <source>failed</source>
      <translation>Fehler</translation>
    </message>
    <message>
      <source>happy</source>
      <translation>fröhlich</translation>
    </message>
    <message>
      <source>sad</source>
      <translation>traurig</translation>
    </message>
    <message>
      <source>neutral</source>
      <translation>neutral</translation>
    </message>
    <message>
      <source>angry</source>
      <translation>wütend</translation>
    </message>
    <message>
      <source>surprise</source>
      <translation>überrascht</translation>
    </message>
    <message>
      <source>disgust</source>
      <translation>angewidert</translation>
    </message>
    <message>
      <source>fear</source>
      <translation>ängstlich</translation>
    </message>
    <message>
      <source>mixture, experimental</source>
      <translation>Mischung, Versuch</translation>
    </message>
    <message>
      <source>fearfully surprised</source>
      <translation>ängstlich überrascht</translation>
    </message>
    <message>
      <source>happily surprised</source>
      <translation>fröhlich überrascht</translation>
    </message>
    <message>
      <source>sadly surprised</source>
      <translation>traurig überrascht</translation>
    </message>
    <message>
      <source>disgustedly surprised</source>
      <translation>angewidert überrascht</translation>
    </message>
    <message>
      <source>angrily surprised</source>
      <translation>wütend überrascht</translation>
    </message>
    <message>
      <source>sadly fearful</source>
      <translation>traurig und ängstlich</translation>
    </message>
    <message>
      <source>sadly angry</source>
      <translation>traurig und wütend</translation>
    </message>
    <message>
      <source>too small</source>
      <translation>zu klein</translation>
    </message>
    <message>
      <source>turned away</source>
      <translation>abgewandt</translation>
    </message>
    <message>
      <source>dark</source>
      <translation>dunkel</translation>
    </message>
    <message>
      <source>blurred</source>
      <translation>unscharf</translation>
    </message>
    <message>
      <source>capture</source>
      <translation>Aufnahme</translation>
    </message>
    <message>
      <source>analysis</source>
      <translation>Auswertung</translation>
    </message>
    <message>
      <source>painted</source>
      <translation>gezeichnet</translation>
    </message>
    <message>
      <source>latency</source>
      <translation>Verzug</translation>
    </message>
    <message>
      <source>dropped</source>
      <translation>verworfen</translation>
    </message>
    <message>
      <source>? help</source>
      <translation>? Hilfe</translation>
    </message>
    <message>
      <source>face {number}</source>
      <translation>Gesicht {number}</translation>
    </message>
    <message>
      <source>weight</source>
      <translation>Gewicht</translation>
    </message>
    <message>
      <source>now</source>
      <translation>jetzt</translation>
    </message>
    <message>
      <source>{seconds} s ago</source>
      <translation>vor {seconds} s</translation>
    </message>
    <message>
      <source>no reading</source>
      <translation>kein Messwert</translation>
    </message>
    <message>
      <source>Pause</source>
      <translation>Anhalten</translation>
    </message>
    <message>
      <source>Resume</source>
      <translation>Weiter</translation>
    </message>
    <message>
      <source>Record the numbers</source>
      <translation>Zahlen aufzeichnen</translation>
    </message>
    <message>
      <source>Stop recording</source>
      <translation>Aufzeichnung beenden</translation>
    </message>
    <message>
      <source>Tables (*.csv);;JSON Lines (*.jsonl)</source>
      <translation>Tabellen (*.csv);;JSON Lines (*.jsonl)</translation>
    </message>
    <message>
      <source>REC {minutes}:{seconds}</source>
      <translation>REC {minutes}:{seconds}</translation>
    </message>
    <message>
      <source>Not recorded: {reason}</source>
      <translation>Nicht aufgezeichnet: {reason}</translation>
    </message>
    <message>
      <source>Set a marker</source>
      <translation>Markierung setzen</translation>
    </message>
    <message>
      <source>Set the neutral face</source>
      <translation>Neutrales Gesicht merken</translation>
    </message>
    <message>
      <source>Drop the neutral face</source>
      <translation>Neutrales Gesicht vergessen</translation>
    </message>
    <message>
      <source>Keep a neutral face for {seconds} s</source>
      <translation>Noch {seconds} s lang neutral schauen</translation>
    </message>
    <message>
      <source>The neutral face is set</source>
      <translation>Das neutrale Gesicht ist gemerkt</translation>
    </message>
    <message>
      <source>The neutral face is dropped</source>
      <translation>Das neutrale Gesicht ist vergessen</translation>
    </message>
    <message>
      <source>The neutral face was not set: no face is being read</source>
      <translation>Kein neutrales Gesicht gemerkt: Gerade wird keines ausgewertet</translation>
    </message>
    <message>
      <source>The neutral face was not set: the face could not be read often enough</source>
      <translation>Kein neutrales Gesicht gemerkt: Es wurde zu selten ausgewertet</translation>
    </message>
    <message>
      <source>The neutral face was not set: the expression changed</source>
      <translation>Kein neutrales Gesicht gemerkt: Der Ausdruck hat gewechselt</translation>
    </message>
    <message>
      <source>The neutral face was not set: this does not look neutral</source>
      <translation>Kein neutrales Gesicht gemerkt: Dieses sieht nicht neutral aus</translation>
    </message>
    <message>
      <source>{words}, compared with this person&apos;s neutral face</source>
      <translation>{words}, verglichen mit dem eigenen neutralen Gesicht</translation>
    </message>
    <message>
      <source>Blur or hide the picture</source>
      <translation>Bild unkenntlich machen oder verbergen</translation>
    </message>
    <message>
      <source>Picture</source>
      <translation>Bild</translation>
    </message>
    <message>
      <source>Picture as it is</source>
      <translation>Bild, wie es ist</translation>
    </message>
    <message>
      <source>Picture blurred</source>
      <translation>Bild unscharf</translation>
    </message>
    <message>
      <source>Face points only</source>
      <translation>Nur Punkte der Gesichter</translation>
    </message>
    <message>
      <source>No picture</source>
      <translation>Kein Bild</translation>
    </message>
    <message>
      <source>Show the timeline</source>
      <translation>Zeitleiste zeigen</translation>
    </message>
    <message>
      <source>Hide the timeline</source>
      <translation>Zeitleiste verbergen</translation>
    </message>
    <message>
      <source>Source and settings</source>
      <translation>Quelle und Einstellungen</translation>
    </message>
    <message>
      <source>Full screen</source>
      <translation>Vollbild</translation>
    </message>
    <message>
      <source>Help</source>
      <translation>Hilfe</translation>
    </message>
    <message>
      <source>Source</source>
      <translation>Quelle</translation>
    </message>
    <message>
      <source>Choose a camera</source>
      <translation>Kamera wählen</translation>
    </message>
    <message>
      <source>Demo clip</source>
      <translation>Vorführfilm</translation>
    </message>
    <message>
      <source>Test picture</source>
      <translation>Testbild</translation>
    </message>
    <message>
      <source>Address of a stream</source>
      <translation>Adresse eines Videostroms</translation>
    </message>
    <message>
      <source>Open</source>
      <translation>Öffnen</translation>
    </message>
    <message>
      <source>Choose a video file …</source>
      <translation>Videodatei wählen …</translation>
    </message>
    <message>
      <source>Readings</source>
      <translation>Messwerte</translation>
    </message>
    <message>
      <source>Smoothed over {seconds} s</source>
      <translation>Geglättet über {seconds} s</translation>
    </message>
    <message>
      <source>Unsure below {percent} %</source>
      <translation>Unsicher unter {percent} %</translation>
    </message>
    <message>
      <source>Appearance</source>
      <translation>Darstellung</translation>
    </message>
    <message>
      <source>Boxes and cards</source>
      <translation>Rahmen und Karten</translation>
    </message>
    <message>
      <source>Timeline</source>
      <translation>Zeitleiste</translation>
    </message>
    <message>
      <source>Figures</source>
      <translation>Messwerte</translation>
    </message>
    <message>
      <source>Mixtures (experimental)</source>
      <translation>Mischungen (Versuch)</translation>
    </message>
    <message>
      <source>Reduced motion</source>
      <translation>Weniger Bewegung</translation>
    </message>
    <message>
      <source>Keys</source>
      <translation>Tasten</translation>
    </message>
    <message>
      <source>Space</source>
      <translation>Leertaste</translation>
    </message>
    <message>
      <source>pause, resume</source>
      <translation>anhalten, weiter</translation>
    </message>
    <message>
      <source>record the numbers, stop</source>
      <translation>Zahlen aufzeichnen, beenden</translation>
    </message>
    <message>
      <source>set a marker</source>
      <translation>Markierung setzen</translation>
    </message>
    <message>
      <source>set or drop the neutral face</source>
      <translation>neutrales Gesicht merken, vergessen</translation>
    </message>
    <message>
      <source>blur, face points only, hide, show</source>
      <translation>unscharf, nur Punkte, verbergen, zeigen</translation>
    </message>
    <message>
      <source>timeline of the last minute</source>
      <translation>Zeitleiste der letzten Minute</translation>
    </message>
    <message>
      <source>source and settings</source>
      <translation>Quelle und Einstellungen</translation>
    </message>
    <message>
      <source>to the buttons</source>
      <translation>zu den Knöpfen</translation>
    </message>
    <message>
      <source>boxes and cards</source>
      <translation>Rahmen und Karten</translation>
    </message>
    <message>
      <source>figures at the bottom</source>
      <translation>Kennzahlen unten</translation>
    </message>
    <message>
      <source>full screen</source>
      <translation>Vollbild</translation>
    </message>
    <message>
      <source>highlight one face; 0 for none</source>
      <translation>ein Gesicht hervorheben; 0 für keines</translation>
    </message>
    <message>
      <source>this help</source>
      <translation>diese Karte</translation>
    </message>
    <message>
      <source>leave</source>
      <translation>verlassen</translation>
    </message>
    <message>
      <source>A card says what a face's expression looks like. It cannot say what the person feels.</source>
      <translation>Eine Karte sagt, wonach der Ausdruck eines Gesichts aussieht. Was der Mensch fühlt, kann sie nicht sagen.</translation>
    </message>
    <message>
      <source>Press Space or click to play it again.</source>
      <translation>Leertaste oder Klick spielt es noch einmal.</translation>
    </message>
    <message>
      <source>{error}

Press Space or click to try again.</source>
      <translation>{error}

Leertaste oder Klick versucht es noch einmal.</translation>
    </message>
    <message>
      <source>at the edge</source>
      <translation>am Rand</translation>
    </message>
    <message>
      <source>mouth covered</source>
      <translation>Mund verdeckt</translation>
    </message>
    <message>
      <source>eyes covered</source>
      <translation>Augen verdeckt</translation>
    </message>
    <message>
      <source>This machine keeps up with {kept} of {faces} faces</source>
      <translation>Dieser Rechner kommt bei {kept} von {faces} Gesichtern mit</translation>
    </message>
    <message>
      <source>This machine cannot keep up: many readings are missing</source>
      <translation>Dieser Rechner kommt nicht mit: nur wenige Messwerte</translation>
    </message>
    <message>
      <source>Mirror the picture</source>
      <translation>Bild wie im Spiegel</translation>
    </message>
    <message>
      <source>mirror the picture</source>
      <translation>Bild wie im Spiegel, wie es ist</translation>
    </message>
    <message>
      <source>Rotate the picture</source>
      <translation>Bild drehen</translation>
    </message>
    <message>
      <source>Not rotated</source>
      <translation>Nicht gedreht</translation>
    </message>
    <message>
      <source>Rotated by {degrees}°</source>
      <translation>Um {degrees}° gedreht</translation>
    </message>
    <message>
      <source>Part of the picture in %: left, top, width, height</source>
      <translation>Ausschnitt des Bildes in %: links, oben, Breite, Höhe</translation>
    </message>
    <message>
      <source>Enter four numbers inside the picture, such as 25, 0, 50, 100</source>
      <translation>Ein Ausschnitt sind vier Zahlen innerhalb des Bildes, etwa 25, 0, 50, 100</translation>
    </message>
    <message>
      <source>Camera resolution</source>
      <translation>Größe, um die die Kamera gebeten wird</translation>
    </message>
    <message>
      <source>Default size</source>
      <translation>Übliche Größe</translation>
    </message>
    <message>
      <source>Camera frame rate</source>
      <translation>Bilder je Sekunde, um die die Kamera gebeten wird</translation>
    </message>
    <message>
      <source>{hz} fps</source>
      <translation>{hz} je Sekunde</translation>
    </message>
    <message>
      <source>Default rate</source>
      <translation>Übliche Rate</translation>
    </message>
    <message>
      <source>Part in %</source>
      <translation>Ausschnitt in %</translation>
    </message>
    <message>
      <source>The picture is black</source>
      <translation>Das Bild ist schwarz</translation>
    </message>
    <message>
      <source>Open the camera's shutter, uncover its lens, or close the program that is using it.</source>
      <translation>Die Blende der Kamera öffnen, das Objektiv frei machen oder das Programm schließen, das sie belegt.</translation>
    </message>
    <message>
      <source>The picture is frozen</source>
      <translation>Das Bild steht still</translation>
    </message>
    <message>
      <source>Is this a virtual camera with nothing to show? Choose another one in the settings.</source>
      <translation>Ist das eine virtuelle Kamera, die nichts zeigt? In den Einstellungen lässt sich eine andere wählen.</translation>
    </message>
    <message>
      <source>camera {number}</source>
      <translation>Kamera {number}</translation>
    </message>
    <message>
      <source>the demo clip</source>
      <translation>Democlip</translation>
    </message>
    <message>
      <source>standard input</source>
      <translation>Standardeingabe</translation>
    </message>
    <message>
      <source>test picture</source>
      <translation>Testbild</translation>
    </message>
</context></TS>
