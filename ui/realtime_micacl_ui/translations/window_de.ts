<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
  <context>
    <name>window</name>
    <message>
        <location filename="../texts.py" line="11" />
        <source>Opening {source} …</source>
        <translation>{source} wird geöffnet …</translation>
    </message>
    <message>
        <location filename="../texts.py" line="12" />
        <source>Preparing the analysis …</source>
        <translation>Die Auswertung wird vorbereitet …</translation>
    </message>
    <message>
        <location filename="../texts.py" line="13" />
        <source>Paused</source>
        <translation>Pause</translation>
    </message>
    <message>
        <location filename="../texts.py" line="14" />
        <source>Space goes on</source>
        <translation>Weiter mit der Leertaste</translation>
    </message>
    <message>
        <location filename="../texts.py" line="15" />
        <source>No picture from {source} for {seconds} s</source>
        <translation>Seit {seconds} s kein Bild von {source}</translation>
    </message>
    <message>
        <location filename="../texts.py" line="16" />
        <source>The analysis has not answered for {seconds} s</source>
        <translation>Die Auswertung antwortet seit {seconds} s nicht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="17" />
        <source>No expression is shown until there is a fresh picture.</source>
        <translation>Bis ein neues Bild kommt, wird kein Ausdruck gezeigt.</translation>
    </message>
    <message>
        <location filename="../texts.py" line="18" />
        <source>Waiting for {source}</source>
        <translation>Warten auf {source}</translation>
    </message>
    <message>
        <location filename="../texts.py" line="19" />
        <source>Connecting to {source} again</source>
        <translation>{source} wird wieder verbunden</translation>
    </message>
    <message>
        <location filename="../texts.py" line="20" />
        <source>{reason}
Attempt {attempt}, {when}</source>
        <translation>{reason}
Versuch {attempt}, {when}</translation>
    </message>
    <message>
        <location filename="../texts.py" line="21" />
        <source>next try in {seconds} s</source>
        <translation>der nächste in {seconds} s</translation>
    </message>
    <message>
        <location filename="../texts.py" line="22" />
        <source>trying now</source>
        <translation>läuft gerade</translation>
    </message>
    <message>
        <location filename="../texts.py" line="23" />
        <source>End of {source}</source>
        <translation>Ende von {source}</translation>
    </message>
    <message>
        <location filename="../texts.py" line="24" />
        <source>Stopped by an error</source>
        <translation>Durch einen Fehler beendet</translation>
    </message>
    <message>
        <location filename="../texts.py" line="25" />
        <source>The analysis has stopped</source>
        <translation>Die Auswertung ist ausgefallen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="26" />
        <source>{reason}
The picture is live; no expression is shown. Start the program again to go on.</source>
        <translation>{reason}
Das Bild läuft weiter; ein Ausdruck wird nicht gezeigt. Zum Weitermachen das Programm neu starten.</translation>
    </message>
    <message>
        <location filename="../texts.py" line="29" />
        <source>No face in the picture</source>
        <translation>Kein Gesicht im Bild</translation>
    </message>
    <message>
        <location filename="../texts.py" line="30" />
        <source>A face is found when it is near, lit, and seen from the front.</source>
        <translation>Ein Gesicht wird gefunden, wenn es nah und hell ist und zur Kamera schaut.</translation>
    </message>
    <message>
        <location filename="../texts.py" line="31" />
        <source>{error}

Any key closes the window.</source>
        <translation>{error}

Jede Taste schließt das Fenster.</translation>
    </message>
    <message>
        <location filename="../texts.py" line="32" />
        <source>the stream</source>
        <translation>Videostrom</translation>
    </message>
    <message>
        <location filename="../texts.py" line="33" />
        <source>attempt {attempt}</source>
        <translation>Versuch {attempt}</translation>
    </message>
    <message>
        <location filename="../texts.py" line="35" />
        <source>unsure</source>
        <translation>unsicher</translation>
    </message>
    <message>
        <location filename="../texts.py" line="36" />
        <source>collecting</source>
        <translation>sammelt</translation>
    </message>
    <message>
        <location filename="../texts.py" line="37" />
        <source>analysing …</source>
        <translation>wertet aus …</translation>
    </message>
    <message>
        <location filename="../texts.py" line="38" />
        <source>face {number}: {words}</source>
        <translation>Gesicht {number}: {words}</translation>
    </message>
    <message>
        <location filename="../texts.py" line="41" />
        <source>starting</source>
        <translation>Start</translation>
    </message>
    <message>
        <location filename="../texts.py" line="42" />
        <source>live</source>
        <translation>live</translation>
    </message>
    <message>
        <location filename="../texts.py" line="44" />
        <source>no face</source>
        <translation>kein Gesicht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="45" />
        <source>low quality</source>
        <translation>schlechte Qualität</translation>
    </message>
    <message>
        <location filename="../texts.py" line="46" />
        <source>stalled</source>
        <translation>Bild steht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="47" />
        <source>reconnecting</source>
        <translation>neu verbinden</translation>
    </message>
    <message>
        <location filename="../texts.py" line="48" />
        <source>paused</source>
        <translation>Pause</translation>
    </message>
    <message>
        <location filename="../texts.py" line="49" />
        <source>ended</source>
        <translation>Ende</translation>
    </message>
    <message>
        <location filename="../texts.py" line="50" />
        <source>failed</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <location filename="../texts.py" line="53" />
        <source>happy</source>
        <translation>fröhlich</translation>
    </message>
    <message>
        <location filename="../texts.py" line="54" />
        <source>sad</source>
        <translation>traurig</translation>
    </message>
    <message>
        <location filename="../texts.py" line="55" />
        <source>neutral</source>
        <translation>neutral</translation>
    </message>
    <message>
        <location filename="../texts.py" line="56" />
        <source>angry</source>
        <translation>wütend</translation>
    </message>
    <message>
        <location filename="../texts.py" line="57" />
        <source>surprise</source>
        <translation>überrascht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="58" />
        <source>disgust</source>
        <translation>angewidert</translation>
    </message>
    <message>
        <location filename="../texts.py" line="59" />
        <source>fear</source>
        <translation>ängstlich</translation>
    </message>
    <message>
        <location filename="../texts.py" line="61" />
        <source>mixture, experimental</source>
        <translation>Mischung, Versuch</translation>
    </message>
    <message>
        <location filename="../texts.py" line="63" />
        <source>fearfully surprised</source>
        <translation>ängstlich überrascht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="64" />
        <source>happily surprised</source>
        <translation>fröhlich überrascht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="65" />
        <source>sadly surprised</source>
        <translation>traurig überrascht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="66" />
        <source>disgustedly surprised</source>
        <translation>angewidert überrascht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="67" />
        <source>angrily surprised</source>
        <translation>wütend überrascht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="68" />
        <source>sadly fearful</source>
        <translation>traurig und ängstlich</translation>
    </message>
    <message>
        <location filename="../texts.py" line="69" />
        <source>sadly angry</source>
        <translation>traurig und wütend</translation>
    </message>
    <message>
        <location filename="../texts.py" line="72" />
        <source>too small</source>
        <translation>zu klein</translation>
    </message>
    <message>
        <location filename="../texts.py" line="73" />
        <source>turned away</source>
        <translation>abgewandt</translation>
    </message>
    <message>
        <location filename="../texts.py" line="74" />
        <source>dark</source>
        <translation>dunkel</translation>
    </message>
    <message>
        <location filename="../texts.py" line="75" />
        <source>blurred</source>
        <translation>unscharf</translation>
    </message>
    <message>
        <location filename="../texts.py" line="78" />
        <source>capture</source>
        <translation>Aufnahme</translation>
    </message>
    <message>
        <location filename="../texts.py" line="79" />
        <source>analysis</source>
        <translation>Auswertung</translation>
    </message>
    <message>
        <location filename="../texts.py" line="80" />
        <source>painted</source>
        <translation>gezeichnet</translation>
    </message>
    <message>
        <location filename="../texts.py" line="81" />
        <source>latency</source>
        <translation>Verzug</translation>
    </message>
    <message>
        <location filename="../texts.py" line="82" />
        <source>drops</source>
        <translation>verworfen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="84" />
        <source>? help</source>
        <translation>? Hilfe</translation>
    </message>
    <message>
        <location filename="../texts.py" line="86" />
        <source>face {number}</source>
        <translation>Gesicht {number}</translation>
    </message>
    <message>
        <location filename="../texts.py" line="87" />
        <source>weight</source>
        <translation>Gewicht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="88" />
        <source>now</source>
        <translation>jetzt</translation>
    </message>
    <message>
        <location filename="../texts.py" line="89" />
        <source>{seconds} s ago</source>
        <translation>vor {seconds} s</translation>
    </message>
    <message>
        <location filename="../texts.py" line="90" />
        <source>no reading</source>
        <translation>kein Messwert</translation>
    </message>
    <message>
        <location filename="../texts.py" line="92" />
        <source>Pause</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <location filename="../texts.py" line="93" />
        <source>Go on</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <location filename="../texts.py" line="94" />
        <source>Record the numbers</source>
        <translation>Zahlen aufzeichnen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="95" />
        <source>Stop recording</source>
        <translation>Aufzeichnung beenden</translation>
    </message>
    <message>
        <location filename="../texts.py" line="96" />
        <source>Tables (*.csv);;JSON Lines (*.jsonl)</source>
        <translation>Tabellen (*.csv);;JSON Lines (*.jsonl)</translation>
    </message>
    <message>
        <location filename="../texts.py" line="97" />
        <source>REC {minutes}:{seconds}</source>
        <translation>REC {minutes}:{seconds}</translation>
    </message>
    <message>
        <location filename="../texts.py" line="98" />
        <source>Not recorded: {reason}</source>
        <translation>Nicht aufgezeichnet: {reason}</translation>
    </message>
    <message>
        <location filename="../texts.py" line="99" />
        <source>Set a marker</source>
        <translation>Markierung setzen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="100" />
        <source>Take the neutral face</source>
        <translation>Neutrales Gesicht merken</translation>
    </message>
    <message>
        <location filename="../texts.py" line="101" />
        <source>Drop the neutral face</source>
        <translation>Neutrales Gesicht vergessen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="102" />
        <source>Keep a neutral face for {seconds} s</source>
        <translation>Noch {seconds} s lang neutral schauen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="103" />
        <source>The neutral face is noted</source>
        <translation>Das neutrale Gesicht ist gemerkt</translation>
    </message>
    <message>
        <location filename="../texts.py" line="104" />
        <source>The neutral face is dropped</source>
        <translation>Das neutrale Gesicht ist vergessen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="105" />
        <source>No neutral face was taken: no face is read now</source>
        <translation>Kein neutrales Gesicht gemerkt: Gerade wird keines ausgewertet</translation>
    </message>
    <message>
        <location filename="../texts.py" line="106" />
        <source>No neutral face was taken: the face was read too seldom</source>
        <translation>Kein neutrales Gesicht gemerkt: Es wurde zu selten ausgewertet</translation>
    </message>
    <message>
        <location filename="../texts.py" line="107" />
        <source>No neutral face was taken: the expression changed</source>
        <translation>Kein neutrales Gesicht gemerkt: Der Ausdruck hat gewechselt</translation>
    </message>
    <message>
        <location filename="../texts.py" line="108" />
        <source>No neutral face was taken: this does not look neutral</source>
        <translation>Kein neutrales Gesicht gemerkt: Dieses sieht nicht neutral aus</translation>
    </message>
    <message>
        <location filename="../texts.py" line="109" />
        <source>{words}, compared with the own neutral face</source>
        <translation>{words}, verglichen mit dem eigenen neutralen Gesicht</translation>
    </message>
    <message>
        <location filename="../texts.py" line="110" />
        <source>Blur or hide the picture</source>
        <translation>Bild unkenntlich machen oder verbergen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="111" />
        <source>Picture</source>
        <translation>Bild</translation>
    </message>
    <message>
        <location filename="../texts.py" line="113" />
        <source>Picture as it is</source>
        <translation>Bild, wie es ist</translation>
    </message>
    <message>
        <location filename="../texts.py" line="114" />
        <source>Picture blurred</source>
        <translation>Bild unscharf</translation>
    </message>
    <message>
        <location filename="../texts.py" line="115" />
        <source>Points of the faces alone</source>
        <translation>Nur Punkte der Gesichter</translation>
    </message>
    <message>
        <location filename="../texts.py" line="116" />
        <source>No picture</source>
        <translation>Kein Bild</translation>
    </message>
    <message>
        <location filename="../texts.py" line="118" />
        <source>Show the timeline</source>
        <translation>Zeitleiste zeigen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="119" />
        <source>Hide the timeline</source>
        <translation>Zeitleiste verbergen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="120" />
        <source>Source and settings</source>
        <translation>Quelle und Einstellungen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="121" />
        <source>Full screen</source>
        <translation>Vollbild</translation>
    </message>
    <message>
        <location filename="../texts.py" line="122" />
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <location filename="../texts.py" line="124" />
        <source>Source</source>
        <translation>Quelle</translation>
    </message>
    <message>
        <location filename="../texts.py" line="125" />
        <source>Choose a camera</source>
        <translation>Kamera wählen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="126" />
        <source>Demo clip</source>
        <translation>Vorführfilm</translation>
    </message>
    <message>
        <location filename="../texts.py" line="127" />
        <source>Test picture</source>
        <translation>Testbild</translation>
    </message>
    <message>
        <location filename="../texts.py" line="128" />
        <source>Address of a stream</source>
        <translation>Adresse eines Videostroms</translation>
    </message>
    <message>
        <location filename="../texts.py" line="129" />
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="130" />
        <source>Choose a video file …</source>
        <translation>Videodatei wählen …</translation>
    </message>
    <message>
        <location filename="../texts.py" line="131" />
        <source>Readings</source>
        <translation>Messwerte</translation>
    </message>
    <message>
        <location filename="../texts.py" line="132" />
        <source>Smoothed over {seconds} s</source>
        <translation>Geglättet über {seconds} s</translation>
    </message>
    <message>
        <location filename="../texts.py" line="133" />
        <source>Unsure below {percent} %</source>
        <translation>Unsicher unter {percent} %</translation>
    </message>
    <message>
        <location filename="../texts.py" line="134" />
        <source>Looks</source>
        <translation>Darstellung</translation>
    </message>
    <message>
        <location filename="../texts.py" line="135" />
        <source>Boxes and cards</source>
        <translation>Rahmen und Karten</translation>
    </message>
    <message>
        <location filename="../texts.py" line="136" />
        <source>Timeline</source>
        <translation>Zeitleiste</translation>
    </message>
    <message>
        <location filename="../texts.py" line="137" />
        <source>Figures</source>
        <translation>Messwerte</translation>
    </message>
    <message>
        <location filename="../texts.py" line="138" />
        <source>Mixtures (experimental)</source>
        <translation>Mischungen (Versuch)</translation>
    </message>
    <message>
        <location filename="../texts.py" line="139" />
        <source>Reduced motion</source>
        <translation>Weniger Bewegung</translation>
    </message>
    <message>
        <location filename="../texts.py" line="141" />
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <location filename="../texts.py" line="142" />
        <source>Space</source>
        <translation>Leertaste</translation>
    </message>
    <message>
        <location filename="../texts.py" line="144" />
        <source>pause, go on</source>
        <translation>anhalten, weiter</translation>
    </message>
    <message>
        <location filename="../texts.py" line="145" />
        <source>record the numbers, stop</source>
        <translation>Zahlen aufzeichnen, beenden</translation>
    </message>
    <message>
        <location filename="../texts.py" line="146" />
        <source>set a marker</source>
        <translation>Markierung setzen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="147" />
        <source>take the neutral face, drop it</source>
        <translation>neutrales Gesicht merken, vergessen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="148" />
        <source>blur, points alone, hide, show</source>
        <translation>unscharf, nur Punkte, verbergen, zeigen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="149" />
        <source>timeline of the last minute</source>
        <translation>Zeitleiste der letzten Minute</translation>
    </message>
    <message>
        <location filename="../texts.py" line="150" />
        <source>source and settings</source>
        <translation>Quelle und Einstellungen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="151" />
        <source>to the buttons</source>
        <translation>zu den Knöpfen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="152" />
        <source>boxes and cards</source>
        <translation>Rahmen und Karten</translation>
    </message>
    <message>
        <location filename="../texts.py" line="153" />
        <source>figures at the bottom</source>
        <translation>Kennzahlen unten</translation>
    </message>
    <message>
        <location filename="../texts.py" line="154" />
        <source>full screen</source>
        <translation>Vollbild</translation>
    </message>
    <message>
        <location filename="../texts.py" line="155" />
        <source>bring out one face; 0 for none</source>
        <translation>ein Gesicht hervorheben; 0 für keines</translation>
    </message>
    <message>
        <location filename="../texts.py" line="156" />
        <source>this card</source>
        <translation>diese Karte</translation>
    </message>
    <message>
        <location filename="../texts.py" line="157" />
        <source>leave</source>
        <translation>verlassen</translation>
    </message>
    <message>
        <location filename="../texts.py" line="159" />
        <source>A card says what a face's expression looks like. It cannot say what the person feels.</source>
        <translation>Eine Karte sagt, wonach der Ausdruck eines Gesichts aussieht. Was der Mensch fühlt, kann sie nicht sagen.</translation>
    </message>
</context></TS>
